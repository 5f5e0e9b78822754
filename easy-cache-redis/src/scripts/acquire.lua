-- On a cluster: one group's word about a value that is stored on another node. KEYS: from 4 the records of the names of this
-- group. ARGV: 2 and 3 the fence, 4 whether somebody waits for the value, then for each name its bucket and the version that was seen. Yields the versions that the value depends on.
local why, made = agree(microseconds(), ARGV[2], ARGV[3], '', ARGV[4], 4, 5)
if why then return why end
return make(made)
