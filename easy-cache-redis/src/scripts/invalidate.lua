-- KEYS from 4: the records of names. ARGV from 2: their buckets, in the same order.
local moment = microseconds()
local buckets = {}
for at = 2, #ARGV do buckets[#buckets + 1] = ARGV[at] end
advance(buckets, moment)
local gone, records = {}, values(4)
for at = 1, #records do
  local _, marks = parse(records[at], moment)
  if marks ~= '' then
    put(KEYS[at + 3], NONE, marks)
  else
    gone[#gone + 1] = KEYS[at + 3]
  end
end
if #gone > 0 then call('UNLINK', unpack(gone)) end
publish(4, #KEYS)
return 'done'
