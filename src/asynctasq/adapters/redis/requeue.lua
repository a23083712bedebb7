-- ARGV: JSON of {id, …}. Returns the ids that were dead or cancelled, and start again, as JSON.
local done, cards = {}, cards_of(cjson.decode(ARGV[1]))
for id, card in pairs(cards) do
    if card.state == 'D' or card.state == 'C' then
        card.nonce, card.attempt, card.failures, card.skewed = NOBODY, 0, 0, 0
        move(card, 'P', now)
        done[#done + 1] = id
    end
end
commit()
tell()
return #done > 0 and cjson.encode(done) or '[]'
