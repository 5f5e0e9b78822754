-- On a cluster: over how many groups the records of a namespace are divided, as whoever says it first says it.
-- KEYS: 1 the record of the number. ARGV: 1 the number. Yields the one in force.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
