-- ARGV: rows as JSON, their contents in a row. Returns the positions of duplicates as JSON, or nothing.
local duplicates = arrive(cjson.decode(ARGV[1]), ARGV[2])
commit()
tell()
return #duplicates > 0 and cjson.encode(duplicates) or ''
