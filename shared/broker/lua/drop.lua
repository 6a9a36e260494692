-- Lets go of a page that needs nothing more (cancelled, purged).
-- ARGV: engine, job, page, worker. What another worker holds stays with it.
local engine, id = ARGV[1], page_id(ARGV[2], ARGV[3])
local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
if holder and worker_of(holder) ~= ARGV[4] then return 0 end
release(engine, id)
unqueue(engine, id)
redis.call('ZREM', P .. 'outstanding:' .. engine, id)
return 1
