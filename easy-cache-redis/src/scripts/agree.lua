-- May what was computed behind a fence be kept? It may not if one of its names has been invalidated since, or has another version
-- than the one that was seen. Names are KEYS from one place on, their terms ARGV from another: for each its bucket, and the version that was
-- seen (empty: none). Nor may it if somebody waits for it (then that is '1') and a writer holds one of the names: who waits may have called
-- after that writer has returned, and looks at no entry. Yields why not, or nothing and what is to be made.
local function agree(moment, id, sequence, seen_epoch, awaited, names_at, terms_at)
  local current = order()
  if not current then
    renew(moment)
    return 'no fence'
  end
  if current ~= id then return 'outdated' end
  local fence, buckets = tonumber(sequence), {}
  for at = names_at, #KEYS do
    buckets[#buckets + 1] = ARGV[terms_at + 2 * (at - names_at)]
    if #buckets == AT_ONCE or at == #KEYS then
      local last = call('HMGET', KEYS[2], unpack(buckets))
      for in_part = 1, #last do
        if last[in_part] and tonumber(last[in_part]) > fence then return 'outdated' end
      end
      buckets = {}
    end
  end

  -- A mark whose deadline has passed is an invalidation.
  local records = values(names_at)
  local made = { versions = {}, missing = {}, marks = {} }
  local expired_buckets = {}
  local epoch, epoch_marks, epoch_expired = parse(call('MGET', KEYS[3])[1], moment)
  if epoch_expired then
    flush(epoch_marks, moment)
    return 'outdated'
  end
  made.epoch, made.epoch_marks = epoch, epoch_marks
  local differs = seen_epoch ~= '' and seen_epoch ~= epoch
  local held = epoch_marks ~= ''
  for at = 1, #records do
    local version, marks, expired = parse(records[at], moment)
    local term = terms_at + 2 * (at - 1)
    local seen = ARGV[term + 1]
    if expired then
      expired_buckets[#expired_buckets + 1] = ARGV[term]
      put(KEYS[at + names_at - 1], NONE, marks)
    end
    if seen ~= '' and seen ~= version then differs = true end
    if marks ~= '' then held = true end
    if version == NONE then
      made.missing[#made.missing + 1] = at + names_at - 1
      made.marks[#made.missing] = marks
      version = fresh
    end
    made.versions[at] = version
  end
  if #expired_buckets > 0 then
    advance(expired_buckets, moment)
    publish(names_at, #KEYS)
  end
  if differs or #expired_buckets > 0 then return 'outdated' end
  if held and awaited == '1' then return 'held' end
  return nil, made
end

-- Makes the records that are missing. Yields the version of the namespace and those of the names.
local function make(made)
  if made.epoch == NONE then
    made.epoch = fresh
    put(KEYS[3], fresh, made.epoch_marks)
  end
  for at = 1, #made.missing do
    put(KEYS[made.missing[at]], fresh, made.marks[at])
  end
  return made.epoch .. table.concat(made.versions)
end
