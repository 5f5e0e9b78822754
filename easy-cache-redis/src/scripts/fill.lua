-- KEYS: 4 the value on its way, 5 where it goes, 6 the record of its key, then those of its tags.
-- ARGV: 2 and 3 the fence, 4 the length of the value, 5 its ttl in milliseconds, 6 the version of the namespace that was
-- seen on the way (empty: none), then for the key and each tag its bucket and the version that was seen.
-- An entry's bytes are described in layout/entry.rs.
local FIRST = 6
local moment = microseconds()

local function refuse(why)
  call('UNLINK', KEYS[4])
  return why
end

local id = order()
if not id then
  renew(moment)
  return refuse('no fence')
end
if id ~= ARGV[2] then return refuse('outdated') end

-- Has a name been invalidated since the fence?
local fence, buckets = tonumber(ARGV[3]), {}
for at = FIRST, #KEYS do
  buckets[#buckets + 1] = ARGV[7 + 2 * (at - FIRST)]
  if #buckets == AT_ONCE or at == #KEYS then
    local last = call('HMGET', KEYS[2], unpack(buckets))
    for in_part = 1, #last do
      if last[in_part] and tonumber(last[in_part]) > fence then return refuse('outdated') end
    end
    buckets = {}
  end
end

-- Which version does each name have, and is it the one that was seen? A mark whose deadline has passed is an invalidation.
local records = values(FIRST)
local versions, missing, marks_of_missing, expired_buckets = {}, {}, {}, {}
local epoch, epoch_marks, epoch_expired = parse(call('MGET', KEYS[3])[1], moment)
if epoch_expired then
  flush(epoch_marks, moment)
  return refuse('outdated')
end
local differs = ARGV[6] ~= '' and ARGV[6] ~= epoch
for at = 1, #records do
  local version, marks, expired = parse(records[at], moment)
  local seen = ARGV[6 + 2 * at]
  if expired then
    expired_buckets[#expired_buckets + 1] = ARGV[5 + 2 * at]
    put(KEYS[at + FIRST - 1], NONE, marks)
  end
  if seen ~= '' and seen ~= version then differs = true end
  if version == NONE then
    missing[#missing + 1] = at
    marks_of_missing[#missing] = marks
    version = fresh
  end
  versions[at] = version
end
if #expired_buckets > 0 then
  advance(expired_buckets, moment)
  publish(FIRST, #KEYS)
end
if differs or #expired_buckets > 0 then return refuse('outdated') end

-- Is the value still there, and is the one in place from behind an older fence?
if call('STRLEN', KEYS[4]) ~= tonumber(ARGV[4]) then return refuse('lost') end
local place = pcall('GETRANGE', KEYS[5], 12, 35)
if type(place) == 'string' and #place == 24 and string.sub(place, 1, 16) == id
  and struct.unpack('>I8', place, 17) > fence then
  return refuse('outdated')
end

if epoch == NONE then
  epoch = fresh
  put(KEYS[3], epoch, epoch_marks)
end
for at = 1, #missing do
  put(KEYS[missing[at] + FIRST - 1], fresh, marks_of_missing[at])
end
call('SETRANGE', KEYS[4], 36, struct.pack('>I8', moment) .. epoch .. table.concat(versions))
call('RENAME', KEYS[4], KEYS[5])
call('PEXPIRE', KEYS[5], ARGV[5])
return 'kept'
