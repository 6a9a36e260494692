-- Marks a page done whose result is in the store. ARGV: pool, priority, job, page, status,
-- smallest window, worker, worker milliseconds. Returns {open, reduce, low}: the job is open and
-- the page belongs to it; the caller must send a reduce message; the lane is below its low-water
-- mark while pages wait.
local pool, lane, job, page, status = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local id, hot = page_id(job, page), P .. 'job:' .. job
local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
local is_own = worker_of(holder) == ARGV[7]
-- A failure from a worker whose lease expired must not end a page that another worker reads.
if status == 'failed' and holder and not is_own then return {1, 0, 0} end
-- The first write can't allocate, so that this also runs without free memory.
if is_own then
  redis.call('ZREM', P .. 'leases:' .. pool, id)
  redis.call('HDEL', P .. 'holders:' .. pool, id)
else
  release(pool, id)
  unqueue(pool, id)
end
redis.call('ZREM', P .. 'outstanding:' .. pool, id)
local fields = redis.call('HMGET', hot, 'state', 'total', 'done', status, 'worker_ms')
if fields[1] ~= 'open' then return {0, 0, 0} end
local total, done = tonumber(fields[2]), tonumber(fields[3])
if redis.call('SETBIT', P .. 'done:' .. job, page, 1) == 0 then
  done = done + 1
  redis.call('HSET', hot, 'touched', now(), 'done', done, status, tonumber(fields[4]) + 1,
    'worker_ms', tonumber(fields[5] or 0) + tonumber(ARGV[8]))
else
  redis.call('HSET', hot, 'touched', now())
end
local reduce, low = 0, 0
-- Also for a repeated call, as the first answer may be lost: reducing twice is harmless.
if done >= total then
  redis.call('HSETNX', hot, 'reduce', now())
  redis.call('ZADD', P .. 'finished', 'NX', now(), job)
  reduce = 1
end
if redis.call('ZCARD', P .. 'queued:' .. queue_name(pool, lane)) * 2 <= depth_of(pool, ARGV[6])
  and redis.call('EXISTS', P .. 'turns:' .. pool .. ':' .. lane) == 1 then low = 1 end
return {1, reduce, low}
