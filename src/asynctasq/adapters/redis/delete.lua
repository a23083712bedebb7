-- ARGV: JSON of {id, …}. Returns the ids that were not running, and are gone, as JSON.
local done, cards = {}, cards_of(cjson.decode(ARGV[1]))
for id, card in pairs(cards) do
    if card.state ~= 'R' or card.due <= now then
        forget(card)
        done[#done + 1] = id
    end
end
commit()
tidy()
return #done > 0 and cjson.encode(done) or '[]'
