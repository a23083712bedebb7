-- Messages as people see them: {JSON of {{id, queue, state, attempt, failures, seconds until due, owner,
-- length of the content, length of the error}, …}, contents and errors in turn}.
local function views_of(cards)
    local ids, rows, texts = {}, {}, {}
    for at, card in ipairs(cards) do
        ids[at] = card.id
    end
    if #ids == 0 then
        return { '[]', '' }
    end
    local contents, errors = redis.call('HMGET', CONTENT, unpack(ids)), redis.call('HMGET', ERROR, unpack(ids))
    for at, card in ipairs(cards) do
        local content, error = contents[at] or '', errors[at] or ''
        local waits = card.state == 'S' or card.state == 'R'
        local state = waits and card.due <= now and 'P' or card.state
        rows[at] = {
            card.id, card.queue, state, card.attempt, card.failures, (card.due - now) / 1000000, card.owner,
            #content, #error,
        }
        texts[#texts + 1] = content
        texts[#texts + 1] = error
    end
    return { cjson.encode(rows), table.concat(texts) }
end
