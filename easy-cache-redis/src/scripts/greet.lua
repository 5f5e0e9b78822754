-- The first script on a connection: makes what is missing. If the server is another one than the order was begun on, it may
-- have lost invalidations (started from older data, promoted before it had heard of them): then everything is dropped.
-- ARGV: 2 the server's own name, empty if it does not tell.
local moment = microseconds()
local id = order()
local server = pcall('HGET', KEYS[2], 's')
local same = ARGV[2] == '' or server == ARGV[2]
local version = parse(call('MGET', KEYS[3])[1], moment)
if id and same and version ~= NONE then return 'same' end
local empties = not same or version == NONE
if empties then
  flush('', moment)
else
  renew(moment)
end
if ARGV[2] ~= '' then call('HSET', KEYS[2], 's', ARGV[2]) end
return empties and 'emptied' or 'renewed'
