-- Returns name, pending, scheduled, running, dead of every queue, in a row.
local counts = {}
for _, queue in ipairs(redis.call('SMEMBERS', QUEUE)) do
    local scheduled, running = line('S', queue), line('R', queue)
    local due = redis.call('ZCOUNT', scheduled, '-inf', now)
    local expired = redis.call('ZCOUNT', running, '-inf', now)
    for _, value in ipairs({
        queue,
        redis.call('ZCARD', line('P', queue)) + due + expired,
        redis.call('ZCARD', scheduled) - due,
        redis.call('ZCARD', running) - expired,
        redis.call('ZCARD', line('D', queue)),
    }) do
        counts[#counts + 1] = value
    end
end
return counts
