-- Writes the current time to one field of an open job. ARGV: job, field. The field "reduce" says
-- that all its pages are done.
local hot = P .. 'job:' .. ARGV[1]
despite_full_memory()
if redis.call('EXISTS', hot) == 1 then
  redis.call('HSET', hot, ARGV[2], now())
  if ARGV[2] == 'reduce' and state_of(ARGV[1]) == 'open' then
    redis.call('ZADD', P .. 'finished', 'NX', now(), ARGV[1])
  end
end
return 1
