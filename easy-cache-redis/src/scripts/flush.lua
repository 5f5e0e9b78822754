local moment = microseconds()
local _, marks = parse(call('MGET', KEYS[3])[1], moment)
flush(marks, moment)
return 'done'
