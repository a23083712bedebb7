-- ARGV: JSON of {acks, others, positions, values}, the contents of the effects in a row.
-- acks: {id, nonce, id, nonce, …}; others: {{id, nonce, state, delay, attempts given back, failures, skewed seconds
-- or -1, error as JSON or false}, …}; positions: that of its verdict for each effect; values: those of `arrive`.
-- Positions count acks, then others, from 0. Returns what is refused as JSON of {{position, reason}, …}, or nothing.
local acks, others, positions, values = unpack(cjson.decode(ARGV[1]))
local refusals, errors, settled = {}, {}, {}

local function refuse(position, cancelled)
    refusals[#refusals + 1] = { position, cancelled and 'cancelled' or 'lost' }
end

local ids = {}
for at = 1, #acks, 2 do
    ids[#ids + 1] = acks[at]
end
local packed_cards = #ids > 0 and redis.call('HMGET', CARD, unpack(ids)) or {}
for at, id in ipairs(ids) do
    local packed, nonce = packed_cards[at], acks[2 * at]
    if packed and not settled[id] and is_held(packed, nonce) then
        settled[id] = true
        forget_held(id, packed)
    else
        refuse(at - 1, packed and is_cancelled(packed, nonce))
    end
end

ids = {}
for at, other in ipairs(others) do
    ids[at] = other[1]
end
local cards = cards_of(ids)
for at, other in ipairs(others) do
    local id, nonce, state, delay, given_back, failures, skewed, error = unpack(other)
    local card = not settled[id] and cards[id]
    local ours = card and card.nonce == nonce
    if ours and card.state == 'R' and card.due > now then
        card.attempt, card.failures = card.attempt - given_back, card.failures + failures
        card.nonce = state == 'C' and nonce or NOBODY
        if skewed >= 0 then
            card.skewed = skewed
        end
        if error then
            card.error = 'E'
            errors[#errors + 1] = id
            errors[#errors + 1] = error
        end
        move(card, state, now + delay)
    else
        refuse(#acks / 2 + at - 1, ours and card.state == 'C')
    end
end

if #positions > 0 then
    local refused = {}
    for _, refusal in ipairs(refusals) do
        refused[refusal[1]] = true
    end
    local start, applied, contents = 1, {}, {}
    for at, position in ipairs(positions) do
        local first, last = VALUES * (at - 1) + 1, VALUES * at
        local size = values[last]
        if not refused[position] then
            for place = first, last do
                applied[#applied + 1] = values[place]
            end
            contents[#contents + 1] = string.sub(ARGV[2], start, start + size - 1)
        end
        start = start + size
    end
    -- What is there already was applied by an earlier settlement that is being repeated.
    commit()
    arrive(applied, table.concat(contents))
end
commit()
if #errors > 0 then
    redis.call('HSET', ERROR, unpack(errors))
end
tell()
tidy()
return #refusals > 0 and cjson.encode(refusals) or ''
