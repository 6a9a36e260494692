-- A page has its result in the store. ARGV: engine, priority, job, page, status, smallest depth,
-- worker milliseconds.
-- Returns {known, reduce, low}: the job is hot; this caller must dispatch the reducer;
-- the queue is below its low-water mark while pages wait for their turn.
local engine, lane, job, page, status = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local id, hot = page_id(job, page), P .. 'job:' .. job
release(engine, id)
redis.call('ZREM', P .. 'outstanding:' .. engine, id)
if redis.call('EXISTS', hot) == 0 then return {0, 0, 0} end
if redis.call('SETBIT', P .. 'done:' .. job, page, 1) == 0 then
  redis.call('HINCRBY', hot, 'done', 1)
  redis.call('HINCRBY', hot, status, 1)
  redis.call('HINCRBY', hot, 'worker_ms', ARGV[7])
end
local reduce, low = 0, 0
local totals = redis.call('HMGET', hot, 'done', 'total', 'state')
if tonumber(totals[1]) >= tonumber(totals[2]) and totals[3] == 'open'
  and redis.call('HSETNX', hot, 'reduce', now()) == 1 then reduce = 1 end
local depth = math.max(tonumber(ARGV[6]), tonumber(redis.call('GET', P .. 'depth:' .. engine) or 0))
if redis.call('ZCARD', P .. 'queued:' .. queue_name(engine, lane)) * 2 <= depth
  and redis.call('EXISTS', P .. 'turns:' .. engine .. ':' .. lane) == 1 then low = 1 end
return {1, reduce, low}
