-- Marks a page done whose result is in the store. ARGV: pool, priority, job, page, status,
-- smallest window, worker, worker milliseconds. Returns {open, reduce, low}: the job is open and
-- the page belongs to it; the caller must send a reduce message; the lane is below its low-water
-- mark while pages wait.
local pool, lane, job, page, status = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local id, hot = page_id(job, page), P .. 'job:' .. job
local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
despite_full_memory()
-- A failure from a worker whose lease expired must not end a page that another worker reads.
if status == 'failed' and holder and worker_of(holder) ~= ARGV[7] then return {1, 0, 0} end
release(pool, id)
unqueue(pool, id)
redis.call('ZREM', P .. 'outstanding:' .. pool, id)
if state_of(job) ~= 'open' then return {0, 0, 0} end
if redis.call('SETBIT', P .. 'done:' .. job, page, 1) == 0 then
  redis.call('HINCRBY', hot, 'done', 1)
  redis.call('HINCRBY', hot, status, 1)
  redis.call('HINCRBY', hot, 'worker_ms', ARGV[8])
end
redis.call('HSET', hot, 'touched', now())
local reduce, low = 0, 0
local totals = redis.call('HMGET', hot, 'done', 'total')
-- Also for a repeated call, as the first answer may be lost: reducing twice is harmless.
if tonumber(totals[1]) >= tonumber(totals[2]) then
  redis.call('HSETNX', hot, 'reduce', now())
  reduce = 1
end
local depth = depth_of(pool, ARGV[6])
if redis.call('ZCARD', P .. 'queued:' .. queue_name(pool, lane)) * 2 <= depth
  and redis.call('EXISTS', P .. 'turns:' .. pool .. ':' .. lane) == 1 then low = 1 end
return {1, reduce, low}
