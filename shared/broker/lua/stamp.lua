-- Writes the current time to one field of an open job. ARGV: job, field.
local hot = P .. 'job:' .. ARGV[1]
despite_full_memory()
if redis.call('EXISTS', hot) == 1 then redis.call('HSET', hot, ARGV[2], now()) end
return 1
