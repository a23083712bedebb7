-- What every verb is made of. Keys share one hash tag, so a script may touch all of them, in a cluster too.
--
-- :content   hash  id -> length of the header (4 bytes), header, body; written once
-- :card      hash  id -> everything that changes, packed as LAYOUT
-- :error     hash  id -> the last failure as JSON, for ids whose card says so
-- :queue     set   the names of queues that hold anything
-- :sender:S  text  the number of this sender's last call, for a while
-- :pending:Q zset  -priority -> due and place in its batch (12 bytes), id: the order in which they are leased
-- :scheduled:Q :leased:Q :dead:Q :cancelled:Q  zset  instant -> id
--
-- Instants are microseconds of the server's clock. Whatever has nothing left is gone: an empty queue leaves no key
-- but those of senders.
local base = KEYS[1]
local CARD, CONTENT, ERROR, QUEUE = base .. ':card', base .. ':content', base .. ':error', base .. ':queue'
local LINES = { P = ':pending:', S = ':scheduled:', R = ':leased:', D = ':dead:', C = ':cancelled:' }

-- state, nonce of the lease, attempt, failures, skewed seconds, due or end of the lease, priority,
-- place in its batch, length of the content, has an error, queue, owner
local LAYOUT = '>c1c12I4I4dddI4I4c1Hc0Hc0'
local NOBODY = '------------'

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- To join a text costs more than to look it up.
local lines = { P = {}, S = {}, R = {}, D = {}, C = {} }
local function line(state, queue)
    local key = lines[state][queue]
    if not key then
        key = base .. LINES[state] .. queue
        lines[state][queue] = key
    end
    return key
end

local function unpacked(id, packed)
    local state, nonce, attempt, failures, skewed, due, priority, place, size, error, queue, owner =
        struct.unpack(LAYOUT, packed)
    -- All fields at once: a table that grows is made anew several times.
    return {
        id = id, state = state, nonce = nonce, attempt = attempt, failures = failures, skewed = skewed, due = due,
        priority = priority, place = place, size = size, error = error, queue = queue, owner = owner,
    }
end

local function packed(card)
    return struct.pack(LAYOUT, card.state, card.nonce, card.attempt, card.failures, card.skewed, card.due,
        card.priority, card.place, card.size, card.error, #card.queue, card.queue, #card.owner, card.owner)
end

-- What happens to every message reads and writes packed cards in place: bytes 1 to 13 are the state
-- and the nonce, 18 to 29 failures and skewed seconds, 38 to the end of the queue what never changes but the error.

local function fresh(queue, state, due, priority, place, size)
    return struct.pack(LAYOUT, state, NOBODY, 0, 0, 0, due, priority, place, size, '-', #queue, queue, 0, '')
end

-- What a lease makes of a card, and the numbers that go to the worker: attempt, failures, skewed seconds.
local function leased(packed, queue, nonce, due, owner)
    local attempt = struct.pack('>I4', struct.unpack('>I4', packed, 14) + 1)
    local kept = string.sub(packed, 18, 29)
    return 'R' .. nonce .. attempt .. kept .. due .. string.sub(packed, 38, 56 + #queue) .. owner, attempt .. kept
end

local function size_of(packed)
    return struct.unpack('>I4', packed, 50)
end

local function is_held(packed, nonce)
    return string.sub(packed, 1, 13) == 'R' .. nonce and struct.unpack('>d', packed, 30) > now
end

local function is_cancelled(packed, nonce)
    return string.sub(packed, 1, 13) == 'C' .. nonce
end

-- The cards of these ids, by id; unknown ones are absent.
local function cards_of(ids)
    local cards = {}
    if #ids > 0 then
        for at, card in ipairs(redis.call('HMGET', CARD, unpack(ids))) do
            if card then
                cards[ids[at]] = unpacked(ids[at], card)
            end
        end
    end
    return cards
end

-- A score as text. Messages of a batch share theirs, and to print a number costs more than to look it up.
local scores = {}
local function score_of(number)
    local score = scores[number]
    if not score then
        score = string.format('%.17g', number)
        scores[number] = score
    end
    return score
end

-- Where a message stands: the score and the member in the line of its state.
local function stand(id, state, due, priority, place)
    if state == 'P' then
        return score_of(-priority), struct.pack('>dI4', due, place) .. id
    end
    return score_of(due), id
end

-- Changes gather here and are made in `commit`: one call for each kind, however many messages.
local leaving, joining, written, forgotten, failed, touched = {}, {}, {}, {}, {}, {}
-- What idle clients do not know yet: how many joined the pending of a queue, and the first instant that it got.
local arrivals, instants = {}, {}

local function list_of(lists, name)
    local list = lists[name]
    if not list then
        list = {}
        lists[name] = list
    end
    return list
end

local function leave(card)
    local _, member = stand(card.id, card.state, card.due, card.priority, card.place)
    local members = list_of(leaving, line(card.state, card.queue))
    members[#members + 1] = member
    touched[card.queue] = true
end

local function note_news(queue, state, due, count)
    if state == 'P' then
        arrivals[queue] = (arrivals[queue] or 0) + count
    elseif state == 'S' or state == 'R' then
        instants[queue] = math.min(instants[queue] or due, due)
    end
end

local function join(id, queue, state, due, priority, place)
    local score, member = stand(id, state, due, priority, place)
    local members = list_of(joining, line(state, queue))
    members[#members + 1] = score
    members[#members + 1] = member
    note_news(queue, state, due, 1)
end

local function write(id, packed)
    written[#written + 1] = id
    written[#written + 1] = packed
end

local function move(card, state, due)
    leave(card)
    card.state, card.due = state, due
    join(card.id, card.queue, state, due, card.priority, card.place)
    write(card.id, packed(card))
end

local function forget(card)
    leave(card)
    forgotten[#forgotten + 1] = card.id
    if card.error == 'E' then
        failed[#failed + 1] = card.id
    end
end

-- The same for a packed card that is leased.
local function forget_held(id, packed)
    local error, queue = struct.unpack('>c1Hc0', packed, 54)
    local members = list_of(leaving, line('R', queue))
    members[#members + 1] = id
    touched[queue] = true
    forgotten[#forgotten + 1] = id
    if error == 'E' then
        failed[#failed + 1] = id
    end
end

-- Removals come first: a server without memory to spare lets a script do everything once that has begun, so what
-- is there can be leased, renewed and settled.
local function commit()
    for key, members in pairs(leaving) do
        redis.call('ZREM', key, unpack(members))
    end
    for key, members in pairs(joining) do
        redis.call('ZADD', key, unpack(members))
    end
    if #written > 0 then
        redis.call('HSET', CARD, unpack(written))
    end
    if #forgotten > 0 then
        redis.call('HDEL', CARD, unpack(forgotten))
        redis.call('HDEL', CONTENT, unpack(forgotten))
    end
    if #failed > 0 then
        redis.call('HDEL', ERROR, unpack(failed))
    end
    leaving, joining, written, forgotten, failed = {}, {}, {}, {}, {}
end

-- Forget the names of queues that lost their last message.
local function tidy()
    for queue in pairs(touched) do
        local count = redis.call('EXISTS', line('P', queue), line('S', queue), line('R', queue), line('D', queue),
            line('C', queue))
        if count == 0 then
            redis.call('SREM', QUEUE, queue)
        end
    end
end

-- Idle clients look every second, wait for the next instant that they know of, and listen.
local LOOKED_ANYWAY = 1000000

local function tell()
    local told = {}
    for queue, count in pairs(arrivals) do
        -- If there was something before, nobody waits.
        told[queue] = redis.call('ZCARD', line('P', queue)) == count
    end
    for queue, instant in pairs(instants) do
        told[queue] = told[queue] or instant < now + LOOKED_ANYWAY
    end
    for queue, worth in pairs(told) do
        if worth then
            -- A user that may not publish has done the rest all the same.
            redis.pcall('PUBLISH', base .. ':news:' .. queue, '')
        end
    end
end
