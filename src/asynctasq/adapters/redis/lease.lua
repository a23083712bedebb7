-- ARGV: JSON of {limit, microseconds, nonce, owner, {queue, …}}.
-- Returns {JSON of {queue, {id, …}, queue, {id, …}, …}, facts in the same order, contents in the same order}; facts are
-- attempt, failures, skewed seconds and length of the content, packed as >IIdI.
-- If there is nothing: {microseconds until the next instant, or nothing}.
local LEASED_BYTES = 16 * 1024 * 1024

local limit, length, nonce, owner, queues = unpack(cjson.decode(ARGV[1]))
local leases, facts, contents, count, bytes = {}, {}, {}, 0, 0
local ends_at, packed_end, packed_owner = now + length, struct.pack('>d', now + length), struct.pack('>Hc0', #owner, owner)

local function take(queue)
    local line_of_queue = line('P', queue)
    local members = redis.call('ZRANGE', line_of_queue, 0, limit - count - 1)
    if #members == 0 then
        return
    end
    local ids = {}
    for at, member in ipairs(members) do
        ids[at] = string.sub(member, 13)
    end
    local cards, found, numbers = redis.call('HMGET', CARD, unpack(ids)), {}, {}
    local running, score, passed = {}, score_of(ends_at), 0
    for at, id in ipairs(ids) do
        local card = cards[at]
        if card then
            local size = size_of(card)
            if bytes > 0 and bytes + size > LEASED_BYTES then
                count = limit
                break
            end
            bytes = bytes + size
            found[#found + 1] = id
            running[#running + 1] = score
            running[#running + 1] = id
            card, numbers[#found] = leased(card, queue, nonce, packed_end, packed_owner)
            write(id, card)
        end
        passed = at
    end
    redis.call('ZREMRANGEBYRANK', line_of_queue, 0, passed - 1)
    if #found == 0 then
        return
    end
    joining[line('R', queue)], instants[queue] = running, ends_at
    for at, content in ipairs(redis.call('HMGET', CONTENT, unpack(found))) do
        content = content or ''
        contents[#contents + 1] = content
        facts[#facts + 1] = numbers[at] .. struct.pack('>I4', #content)
    end
    leases[#leases + 1] = queue
    leases[#leases + 1] = found
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
    return { cjson.encode(leases), table.concat(facts), table.concat(contents) }
end

-- It changes nothing, and a replica refuses it: that one would say for ever that there is nothing (ADR-0037).
redis.call('DEL', base .. ':nothing')

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
