-- ARGV: JSON of {queue, limit, {state, …}}. Returns how many are gone; fewer than the limit if none are left.
local queue, limit, states = unpack(cjson.decode(ARGV[1]))
local count = 0

promote(queue)
for _, state in ipairs(states) do
    local ids = count < limit and redis.call('ZRANGE', line(state, queue), 0, limit - count - 1) or {}
    for at, member in ipairs(ids) do
        ids[at] = state == 'P' and string.sub(member, 13) or member
    end
    for _, card in pairs(cards_of(ids)) do
        forget(card)
        count = count + 1
    end
end
commit()
tidy()
return count
