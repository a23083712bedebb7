-- What has come due, and whose lease has ended, joins the pending: the oldest ones, at most so many at a time.
local PROMOTED_AT_ONCE = 1000

local function promote(queue)
    for _, state in ipairs({ 'S', 'R' }) do
        local ids = redis.call('ZRANGEBYSCORE', line(state, queue), '-inf', now, 'LIMIT', 0, PROMOTED_AT_ONCE)
        if #ids > 0 then
            local cards, lost = cards_of(ids), list_of(leaving, line(state, queue))
            for _, id in ipairs(ids) do
                local card = cards[id]
                if card then
                    card.nonce = NOBODY
                    move(card, 'P', card.due)
                else
                    -- Thrown away by a server that was short of memory: it must not stand before others.
                    lost[#lost + 1] = id
                end
            end
            commit()
        end
    end
    -- Who waits knows these instants.
    arrivals = {}
end
