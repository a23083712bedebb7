-- ARGV: JSON of {limit, microseconds, nonce, owner, {queue, …}}.
-- Returns {JSON of {{queue, id, attempt, failures, skewed seconds, length of the content, id, …}, …}, contents},
-- or if there is nothing {microseconds until the next instant, or nothing}.
local LEASED_BYTES = 16 * 1024 * 1024

local limit, length, nonce, owner, queues = unpack(cjson.decode(ARGV[1]))
local leases, contents, count, bytes = {}, {}, 0, 0

local function take(queue)
    local line_of_queue = line('P', queue)
    local ids = redis.call('ZRANGE', line_of_queue, 0, limit - count - 1)
    if #ids == 0 then
        return
    end
    for at, member in ipairs(ids) do
        ids[at] = string.sub(member, 13)
    end
    local cards, found, rows = redis.call('HMGET', CARD, unpack(ids)), {}, { queue }
    local passed = 0
    for at, id in ipairs(ids) do
        if cards[at] then
            local card = unpacked(id, cards[at])
            if bytes > 0 and bytes + card.size > LEASED_BYTES then
                count = limit
                break
            end
            bytes = bytes + card.size
            card.state, card.nonce, card.owner, card.due = 'R', nonce, owner, now + length
            card.attempt = card.attempt + 1
            join(card)
            found[#found + 1] = id
            rows[#rows + 1] = id
            rows[#rows + 1] = card.attempt
            rows[#rows + 1] = card.failures
            rows[#rows + 1] = card.skewed
        end
        passed = at
    end
    redis.call('ZREMRANGEBYRANK', line_of_queue, 0, passed - 1)
    if #found == 0 then
        return
    end
    local lengths = {}
    for at, content in ipairs(redis.call('HMGET', CONTENT, unpack(found))) do
        content = content or ''
        contents[#contents + 1] = content
        lengths[at] = #content
    end
    leases[#leases + 1] = { rows, lengths }
    count = count + #found
end

for _, queue in ipairs(queues) do
    if count < limit then
        promote(queue)
        take(queue)
    end
end
if #leases > 0 then
    commit()
    tell()
    return { cjson.encode(leases), table.concat(contents) }
end

local next_instant
for _, queue in ipairs(queues) do
    for _, state in ipairs({ 'S', 'R' }) do
        local instant = tonumber(redis.call('ZRANGE', line(state, queue), 0, 0, 'WITHSCORES')[2])
        if instant and not (next_instant and next_instant < instant) then
            next_instant = instant
        end
    end
end
return { next_instant and string.format('%.0f', next_instant - now) or '' }
