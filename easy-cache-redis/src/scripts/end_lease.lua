-- KEYS: 1 the lease. ARGV: 1 its holder.
if redis.call('MGET', KEYS[1])[1] == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
return 'done'
