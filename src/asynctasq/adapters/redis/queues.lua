-- Returns the names of queues with something to lease now or later.
local names = {}
for _, queue in ipairs(redis.call('SMEMBERS', QUEUE)) do
    if redis.call('EXISTS', line('P', queue), line('S', queue), line('R', queue)) > 0 then
        names[#names + 1] = queue
    end
end
return names
