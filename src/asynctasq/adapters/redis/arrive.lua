-- New messages. A row is {id, queue, priority, delay, length of the content}; contents lie in a row in `contents`.
-- Returns the positions of rows whose ids are there already, from 0.
local function arrive(rows, contents)
    local ids, seen, duplicates, new, names = {}, {}, {}, {}, {}
    for at, row in ipairs(rows) do
        ids[at] = row[1]
    end
    local known = #ids > 0 and redis.call('HMGET', CARD, unpack(ids)) or {}
    local start = 1
    for at, row in ipairs(rows) do
        local id, queue, size = row[1], row[2], row[5]
        if known[at] or seen[id] then
            duplicates[#duplicates + 1] = at - 1
        else
            seen[id] = true
            local state, due, priority = row[4] > 0 and 'S' or 'P', now + row[4], row[3]
            join(id, queue, state, due, priority, at)
            write(id, fresh(queue, state, due, priority, at, size))
            new[#new + 1] = id
            new[#new + 1] = string.sub(contents, start, start + size - 1)
            names[queue] = true
        end
        start = start + size
    end
    if #new > 0 then
        redis.call('HSET', CONTENT, unpack(new))
        for queue in pairs(names) do
            redis.call('SADD', QUEUE, queue)
        end
    end
    return duplicates
end
