-- Registers a job as hot. ARGV: job, engine, priority, total, created, bitmap of pages that
-- have a result, ok, blank, failed, limit of hot jobs, then ranges "a-b" still to do.
-- Returns 1 opened, 0 already hot, -1 no room (the sweeper takes it up later).
local job, engine, priority = ARGV[1], ARGV[2], ARGV[3]
local turns = P .. 'turns:' .. engine .. ':' .. priority
if redis.call('EXISTS', P .. 'job:' .. job) == 1 then return 0 end
if redis.call('ZCARD', P .. 'jobs:' .. engine .. ':' .. priority) >= tonumber(ARGV[10]) then return -1 end
local done = tonumber(ARGV[7]) + tonumber(ARGV[8]) + tonumber(ARGV[9])
redis.call('HSET', P .. 'job:' .. job, 'engine', engine, 'priority', priority, 'total', ARGV[4],
  'created', ARGV[5], 'state', 'open', 'done', done, 'already', done,
  'ok', ARGV[7], 'blank', ARGV[8], 'failed', ARGV[9], 'opened', now())
redis.call('DEL', P .. 'done:' .. job, P .. 'todo:' .. job)
if #ARGV[6] > 0 then redis.call('SET', P .. 'done:' .. job, ARGV[6]) end
for i = 11, #ARGV do redis.call('RPUSH', P .. 'todo:' .. job, ARGV[i]) end
redis.call('ZADD', P .. 'jobs:' .. engine .. ':' .. priority, now(), job)
if #ARGV > 10 then redis.call('ZADD', turns, redis.call('INCR', P .. 'turn'), job) end
return 1
