-- Pages that were dispatched before others which have started already.
-- ARGV: queue, slack. Returns ids in dispatch order; one look is not proof, see the sweeper.
local started = tonumber(redis.call('GET', P .. 'started:' .. ARGV[1]) or 0)
return redis.call('ZRANGEBYSCORE', P .. 'queued:' .. ARGV[1], '-inf',
  started - tonumber(ARGV[2]), 'LIMIT', 0, 1000)
