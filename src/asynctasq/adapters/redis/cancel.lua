-- ARGV: JSON of {id, …}. Returns the ids that were waiting or running as JSON.
-- The nonce of a lease stays, for its worker to be told.
local done, cards = {}, cards_of(cjson.decode(ARGV[1]))
for id, card in pairs(cards) do
    if card.state == 'P' or card.state == 'S' or card.state == 'R' then
        move(card, 'C', now)
        done[#done + 1] = id
    end
end
commit()
return #done > 0 and cjson.encode(done) or '[]'
