-- ARGV: JSON of {acks, others, positions, kinds, effects}, and contents.
-- acks: {id, nonce, id, nonce, …}; others: {{id, nonce, state, delay, attempts given back, failures, skewed seconds
-- or -1, error as JSON or false}, …}; effects: ids of new messages, whose kinds and contents are as for `arrive`, and
-- positions those of their verdicts.
-- Positions count acks, then others, from 0. Returns what is refused as JSON of {{position, reason}, …}, or nothing.
local acks, others, positions, kinds, effects = unpack(cjson.decode(ARGV[1]))
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

if #effects > 0 then
    local refused, unwanted = {}, {}
    for _, refusal in ipairs(refusals) do
        refused[refusal[1]] = true
    end
    for at, position in ipairs(positions) do
        unwanted[at] = refused[position]
    end
    -- What is there already was applied by an earlier settlement that is being repeated.
    commit()
    arrive(kinds, effects, ARGV[2], unwanted)
end
commit()
if #errors > 0 then
    redis.call('HSET', ERROR, unpack(errors))
end
tell()
tidy()
return #refusals > 0 and cjson.encode(refusals) or ''
