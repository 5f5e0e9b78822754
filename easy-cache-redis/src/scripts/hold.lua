-- KEYS from 4: the records to mark. ARGV: 2 the writer, 3 for how many microseconds, then the buckets of the names; the one
-- of the namespace is empty.
local moment = microseconds()
local writer, mark = ARGV[2], ARGV[2] .. struct.pack('>I8', moment + ARGV[3])
local expired_buckets, records = {}, values(4)
for at = 1, #records do
  local key, bucket = KEYS[at + 3], ARGV[at + 3]
  local version, marks, expired = parse(records[at], moment)
  if expired and bucket == '' then
    flush(marks, moment)
    version = fresh
  elseif expired then
    expired_buckets[#expired_buckets + 1] = bucket
    version = NONE
  end
  local others = {}
  for from = 1, #marks, 24 do
    if string.sub(marks, from, from + 15) ~= writer then others[#others + 1] = string.sub(marks, from, from + 23) end
  end
  put(key, version, table.concat(others) .. mark)
end
if #expired_buckets > 0 then advance(expired_buckets, moment) end
publish(#KEYS > 3 and 4 or 3, #KEYS)
return 'done'
