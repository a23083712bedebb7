-- New messages, in columns: `kinds` are {queue, priority, delay, how many in a row}, `ids` those of all, and `contents`
-- begins with the length of each (4 bytes). What is `unwanted`, by its place from 1, is passed over.
-- Returns the positions of those whose ids are there already, from 0.
local function arrive(kinds, ids, contents, unwanted)
    local known = #ids > 0 and redis.call('HMGET', CARD, unpack(ids)) or {}
    local seen, duplicates, new, names = {}, {}, {}, {}
    local place, start = 0, 4 * #ids + 1

    local function arrive_alike(queue, priority, delay, count)
        local state, due = delay > 0 and 'S' or 'P', now + delay
        local key, score = line(state, queue), stand('', state, due, priority, 0)
        local members = joining[key] or {}
        -- Of a card only the place and the length of the content, bytes 46 to 53, are its own.
        local card, added = fresh(queue, state, due, priority, 0, 0), 0
        local before, after, packed_due = string.sub(card, 1, 45), string.sub(card, 54), struct.pack('>d', due)
        for at = place + 1, place + count do
            local id, length = ids[at], string.sub(contents, 4 * at - 3, 4 * at)
            local next_start = start + struct.unpack('>I4', length)
            if known[at] or seen[id] then
                duplicates[#duplicates + 1] = at - 1
            elseif not unwanted[at] then
                local packed_place = struct.pack('>I4', at)
                seen[id] = true
                added = added + 1
                members[#members + 1] = score
                members[#members + 1] = state == 'P' and packed_due .. packed_place .. id or id
                write(id, before .. packed_place .. length .. after)
                new[#new + 1] = id
                new[#new + 1] = string.sub(contents, start, next_start - 1)
            end
            start = next_start
        end
        if added > 0 then
            names[queue], joining[key] = true, members
            note_news(queue, state, due, added)
        end
        place = place + count
    end

    for _, kind in ipairs(kinds) do
        arrive_alike(unpack(kind))
    end
    if #new > 0 then
        redis.call('HSET', CONTENT, unpack(new))
        for queue in pairs(names) do
            redis.call('SADD', QUEUE, queue)
        end
    end
    return duplicates
end
