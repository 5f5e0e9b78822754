-- KEYS from 4: the marked records. ARGV: 2 the writer, then the buckets of the names; the one of the namespace is empty.
-- A mark whose deadline has passed is an invalidation, whoever finds it, and whosever it is.
local moment = microseconds()
local writer = ARGV[2]
local expired_buckets, records = {}, values(4)
for at = 1, #records do
  local key, bucket, record = KEYS[at + 3], ARGV[at + 2], records[at]
  local version, marks, expired = parse(record, moment)
  local others = {}
  for from = 1, #marks, 24 do
    if string.sub(marks, from, from + 15) ~= writer then others[#others + 1] = string.sub(marks, from, from + 23) end
  end
  others = table.concat(others)
  if expired and bucket == '' then
    flush(others, moment)
  elseif expired then
    expired_buckets[#expired_buckets + 1] = bucket
    put(key, NONE, others)
  elseif record and #record > 16 and #others ~= #marks then
    put(key, version, others)
  end
end
if #expired_buckets > 0 then
  advance(expired_buckets, moment)
  publish(4, #KEYS)
end
return 'done'
