-- What all scripts share. KEYS: 1 the order, 2 the buckets, 3 the record of the namespace, then those of each script.
-- ARGV[1]: sixteen bytes that were never used before.
local call, pcall = redis.call, redis.pcall
local fresh = ARGV[1]
local NONE = string.rep('\0', 16)
local RECORDS_TTL = '2592000000' -- 30 days
local LONGEST_HOLD = 86400000000 -- a day; a deadline beyond that is none of ours
local AT_ONCE = 1000             -- Lua hands over a limited number of arguments

local function microseconds()
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

local function digits(number)
  return string.format('%.0f', number)
end

-- The values of KEYS from one place on. What is not a string counts as missing.
local function values(first)
  local all = {}
  for from = first, #KEYS, AT_ONCE do
    local part = call('MGET', unpack(KEYS, from, math.min(from + AT_ONCE - 1, #KEYS)))
    for at = 1, #part do all[#all + 1] = part[at] end
  end
  return all
end

-- Id and sequence of the order; nothing if one of its two records is lost, or is none of ours.
local function order()
  local record = call('MGET', KEYS[1])[1]
  if not record or #record > 32 or not string.find(record, '^%d+$', 17) then return nil end
  local id = string.sub(record, 1, 16)
  if pcall('HGET', KEYS[2], 'i') ~= id then return nil end
  return id, tonumber(string.sub(record, 17))
end

local function put_order(id, sequence)
  call('SET', KEYS[1], id .. digits(sequence))
end

-- Begins a new order: no fence that was taken before is one of this order. Which server it was begun on stays known.
local function renew(moment)
  local server = pcall('HGET', KEYS[2], 's')
  call('UNLINK', KEYS[2])
  call('HSET', KEYS[2], 'i', fresh)
  if type(server) == 'string' then call('HSET', KEYS[2], 's', server) end
  put_order(fresh, moment)
end

-- Notes that something in these buckets is invalidated now. Two invalidations never have the same number.
local function advance(buckets, moment)
  local id, sequence = order()
  if not id then return renew(moment) end
  sequence = math.max(sequence + 1, moment)
  local number, fields = digits(sequence), {}
  for at = 1, #buckets do
    fields[#fields + 1] = buckets[at]
    fields[#fields + 1] = number
    if #fields >= AT_ONCE or at == #buckets then
      call('HSET', KEYS[2], unpack(fields))
      fields = {}
    end
  end
  put_order(id, sequence)
end

-- The version of a record, the marks on it whose deadline has not passed, and whether there is one whose deadline has.
local function parse(record, moment)
  if not record or #record < 16 or (#record - 16) % 24 ~= 0 then return NONE, '', false end
  if #record == 16 then return record, '', false end
  local marks, expired = {}, false
  for at = 17, #record, 24 do
    local left = struct.unpack('>I8', record, at + 16) - moment
    if left > 0 and left <= LONGEST_HOLD then
      marks[#marks + 1] = string.sub(record, at, at + 23)
    else
      expired = true
    end
  end
  return string.sub(record, 1, 16), table.concat(marks), expired
end

-- Writes a record. Every write is told to near caches, so what has not changed is not written.
local function put(key, version, marks)
  if key == KEYS[3] then
    call('SET', key, version .. marks)
  elseif version == NONE and marks == '' then
    call('UNLINK', key)
  else
    call('SET', key, version .. marks, 'PX', RECORDS_TTL)
  end
end

-- For near caches that cannot track records: the names of some of KEYS. It must not fail where publishing is forbidden.
local function publish(first, last)
  local before, names = #KEYS[3], {}
  for at = first, last do
    names[#names + 1] = struct.pack('>I4', #KEYS[at] - before + 1) .. string.sub(KEYS[at], before)
  end
  pcall('PUBLISH', string.sub(KEYS[3], 1, before - 3) .. 'n', table.concat(names))
end

-- Drops everything in the namespace: its entries, and what is being computed.
local function flush(marks, moment)
  renew(moment)
  put(KEYS[3], fresh, marks)
  publish(3, 3)
end
