-- ARGV: JSON of {state, queue or false, limit, after or false}; after is {queue, score, member as hex} of the last seen.
-- Returns views, and after for the next page as JSON, or nothing.
local FOUND_BYTES = 16 * 1024 * 1024

local state, only, limit, after = unpack(cjson.decode(ARGV[1]))
local names = only and { only } or redis.call('SMEMBERS', QUEUE)
local found, bytes, last, more = {}, 0, nil, false
table.sort(names)

local function bytes_of(hex)
    return (string.gsub(hex, '..', function(pair) return string.char(tonumber(pair, 16)) end))
end

local function hex_of(text)
    return (string.gsub(text, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

-- The rank from which to go on: what was seen last may have left since, so it takes its place for a moment.
local function rank_after(key, score, member)
    local was_gone = redis.call('ZADD', key, 'NX', score, member) == 1
    local rank = redis.call('ZRANK', key, member)
    if was_gone then
        redis.call('ZREM', key, member)
        return rank
    end
    return rank + 1
end

local function look(queue)
    local key, start = line(state, queue), 0
    if state == 'P' then
        promote(queue)
    elseif state == 'S' or state == 'R' then
        start = redis.call('ZCOUNT', key, '-inf', now)
    end
    if after and after[1] == queue then
        start = math.max(start, rank_after(key, after[2], bytes_of(after[3])))
    end
    -- One more than asked for shows whether there is another page.
    local standing, ids = redis.call('ZRANGE', key, start, start + limit - #found, 'WITHSCORES'), {}
    for at = 1, #standing, 2 do
        ids[#ids + 1] = state == 'P' and string.sub(standing[at], 13) or standing[at]
    end
    local cards = cards_of(ids)
    for at, id in ipairs(ids) do
        local card = cards[id]
        if card then
            if #found == limit or (bytes > 0 and bytes + card.size > FOUND_BYTES) then
                more = true
                return
            end
            bytes = bytes + card.size
            found[#found + 1] = card
            last = { queue, standing[2 * at], hex_of(standing[2 * at - 1]) }
        end
    end
end

for _, queue in ipairs(names) do
    if not more and not (after and queue < after[1]) then
        look(queue)
    end
end
local views = views_of(found)
views[3] = more and cjson.encode(last) or ''
return views
