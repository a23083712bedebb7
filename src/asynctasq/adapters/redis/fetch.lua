-- ARGV: JSON of {id, …}. Returns the views of those that are known, in this order.
local ids, found = cjson.decode(ARGV[1]), {}
local cards = cards_of(ids)
for _, id in ipairs(ids) do
    found[#found + 1] = cards[id]
    cards[id] = nil
end
return views_of(found)
