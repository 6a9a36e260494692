-- Queued pages that were dispatched before a page which has started already.
-- ARGV: queue, slack. Returns ids in dispatch order. Such a page may only be late: the sweeper
-- treats it as lost when it stays overdue.
local started = tonumber(redis.call('GET', P .. 'started:' .. ARGV[1]) or 0)
return redis.call('ZRANGEBYSCORE', P .. 'queued:' .. ARGV[1], '-inf',
  started - tonumber(ARGV[2]), 'LIMIT', 0, 1000)
