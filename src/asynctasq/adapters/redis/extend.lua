-- ARGV: JSON of {microseconds, {id, nonce, id, nonce, …}}.
-- Returns what is refused as JSON of {{position, reason}, …}, or nothing.
local length, tokens = unpack(cjson.decode(ARGV[1]))
local refusals, ids = {}, {}

for at = 1, #tokens, 2 do
    ids[#ids + 1] = tokens[at]
end
local cards = cards_of(ids)
for at, id in ipairs(ids) do
    local card = cards[id]
    local ours = card and card.nonce == tokens[2 * at]
    if ours and card.state == 'R' and card.due > now then
        move(card, 'R', now + length)
    else
        refusals[#refusals + 1] = { at - 1, ours and card.state == 'C' and 'cancelled' or 'lost' }
    end
end
commit()
tell()
return #refusals > 0 and cjson.encode(refusals) or ''
