-- What new messages of one queue, priority and delay have in common: where they stand, and their cards but for the
-- place and the length of the content (bytes 46 to 53). Most batches are of one kind, so this is not done for each.
local function kind_of(queue, priority, delay)
    local state, due = delay > 0 and 'S' or 'P', now + delay
    local card = fresh(queue, state, due, priority, 0, 0)
    local kind = {
        queue = queue, priority = priority, delay = delay,
        members = list_of(joining, line(state, queue)), score = stand('', state, due, priority, 0),
        before = string.sub(card, 1, 45), after = string.sub(card, 54),
    }
    if state == 'P' then
        kind.pending_since = struct.pack('>d', due)
        arrivals[queue] = arrivals[queue] or 0
    else
        instants[queue] = math.min(instants[queue] or due, due)
    end
    return kind
end

-- New messages, five values each: id, queue, priority, delay, length of the content; contents lie in a row in
-- `contents`. Returns the positions of those whose ids are there already, from 0.
local VALUES = 5

local function arrive(values, contents)
    local ids, seen, duplicates, new, names = {}, {}, {}, {}, {}
    for at = 1, #values, VALUES do
        ids[#ids + 1] = values[at]
    end
    local known = #ids > 0 and redis.call('HMGET', CARD, unpack(ids)) or {}
    local start, kind = 1, {}
    for at, id in ipairs(ids) do
        local _, queue, priority, delay, size = unpack(values, VALUES * (at - 1) + 1, VALUES * at)
        if known[at] or seen[id] then
            duplicates[#duplicates + 1] = at - 1
        else
            seen[id] = true
            if queue ~= kind.queue or priority ~= kind.priority or delay ~= kind.delay then
                kind = kind_of(queue, priority, delay)
                names[queue] = true
            end
            local members, place = kind.members, struct.pack('>I4', at)
            members[#members + 1] = kind.score
            if kind.pending_since then
                members[#members + 1] = kind.pending_since .. place .. id
                arrivals[queue] = arrivals[queue] + 1
            else
                members[#members + 1] = id
            end
            write(id, kind.before .. place .. struct.pack('>I4', size) .. kind.after)
            new[#new + 1] = id
            new[#new + 1] = string.sub(contents, start, start + size - 1)
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
