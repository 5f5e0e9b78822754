-- KEYS: 4 the value on its way, 5 where it goes, 6 the record of its key, then those of its tags.
-- ARGV: 2 and 3 the fence, 4 the length of the value, 5 its ttl in milliseconds, 6 the version of the namespace that was
-- seen on the way (empty: none), 7 whether somebody waits for it, then for the key and each tag its bucket and the version that was seen.
-- An entry's bytes are described in layout/entry.rs.
local FIRST = 6
local moment = microseconds()

local function refuse(why)
  call('UNLINK', KEYS[4])
  return why
end

local why, made = agree(moment, ARGV[2], ARGV[3], ARGV[6], ARGV[7], FIRST, 8)
if why then return refuse(why) end

-- Is the value still there, and is the one in place from behind an older fence?
if call('STRLEN', KEYS[4]) ~= tonumber(ARGV[4]) then return refuse('lost') end
local place = pcall('GETRANGE', KEYS[5], 12, 35)
if type(place) == 'string' and #place == 24 and string.sub(place, 1, 16) == ARGV[2]
  and struct.unpack('>I8', place, 17) > tonumber(ARGV[3]) then
  return refuse('outdated')
end

call('SETRANGE', KEYS[4], 36, struct.pack('>I8', moment) .. make(made))
call('RENAME', KEYS[4], KEYS[5])
call('PEXPIRE', KEYS[5], ARGV[5])
return 'kept'
