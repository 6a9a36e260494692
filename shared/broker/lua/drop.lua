-- Removes the lease and queue entry of a page that needs no more work (cancelled, purged).
-- ARGV: pool, job, page, worker. A page that another worker holds is left alone.
local pool, id = ARGV[1], page_id(ARGV[2], ARGV[3])
local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
if holder and worker_of(holder) ~= ARGV[4] then return 0 end
release(pool, id)
unqueue(pool, id)
settle(pool, id)
return 1
