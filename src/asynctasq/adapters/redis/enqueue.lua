-- ARGV: JSON of {kinds, ids} and contents, as for `arrive`, and maybe who calls and the number of the call.
-- Returns the positions of duplicates as JSON, or nothing.
local REMEMBERED_SECONDS = 3600

local function is_repeated(sender, number)
    return redis.call('SET', base .. ':sender:' .. sender, number, 'EX', REMEMBERED_SECONDS, 'GET') == number
end

local kinds, ids = unpack(cjson.decode(ARGV[1]))
local duplicates = {}
if ARGV[3] and is_repeated(ARGV[3], ARGV[4]) then
    for at = 1, #ids do
        duplicates[at] = at - 1
    end
else
    duplicates = arrive(kinds, ids, ARGV[2], {})
    commit()
    tell()
end
return #duplicates > 0 and cjson.encode(duplicates) or ''
