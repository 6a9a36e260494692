-- Opens a job. ARGV: job, pool, priority, total, created, bitmap of pages that have a result,
-- ok, blank, failed, limit of open jobs, verify (1: pages may have results of which this broker has
-- no record), limit of pools, then ranges "a-b" still to do.
-- Returns 1 opened, 0 already open, -1 no room (the sweeper opens it later).
local job, pool, priority = ARGV[1], ARGV[2], ARGV[3]
local turns, jobs = P .. 'turns:' .. pool .. ':' .. priority, P .. 'jobs:' .. pool .. ':' .. priority
local state = state_of(job)
-- A new job that has ended already was opened by the sweeper while its producer was paused.
-- A job that is being cancelled is opened only after "reopened" has replaced that state.
if state == 'open' or state == 'cancelled' or (state and ARGV[11] == '0') then return 0 end
if redis.call('ZCARD', jobs) >= tonumber(ARGV[10]) then return -1 end
if redis.call('SISMEMBER', P .. 'engines', pool) == 0
  and redis.call('SCARD', P .. 'engines') >= tonumber(ARGV[12]) then return -1 end
-- First a write that may allocate: without free memory Redis then refuses the whole script
-- instead of a later part of it.
redis.call('INCRBY', P .. 'turn', 0)
redis.call('SADD', P .. 'engines', pool)
local done = tonumber(ARGV[7]) + tonumber(ARGV[8]) + tonumber(ARGV[9])
-- The expiry of an earlier tombstone would delete the open job later.
redis.call('DEL', P .. 'job:' .. job, P .. 'done:' .. job, P .. 'todo:' .. job)
redis.call('HSET', P .. 'job:' .. job, 'engine', pool, 'priority', priority, 'total', ARGV[4],
  'created', ARGV[5], 'state', 'open', 'done', done, 'already', done, 'ok', ARGV[7],
  'blank', ARGV[8], 'failed', ARGV[9], 'verify', ARGV[11], 'opened', now(), 'touched', now(),
  'began', state == 'reopened' and now() or math.min(now(), tonumber(ARGV[5])))
redis.call('PERSIST', P .. 'attempts:' .. job)
redis.call('PERSIST', P .. 'suspicion:' .. job)
if #ARGV[6] > 0 then
  redis.call('SET', P .. 'done:' .. job, ARGV[6])
  -- A worker may hold a page that it claimed before the job was opened here and whose result is
  -- stored by now: its next renewal aborts the page. Bounded by the dispatch windows.
  for _, id in ipairs(redis.call('ZRANGE', P .. 'outstanding:' .. pool, 0, -1)) do
    local owner, page = split_id(id)
    if owner == job and is_done(job, page) then
      unqueue(pool, id)
      release(pool, id)
      redis.call('ZREM', P .. 'outstanding:' .. pool, id)
    end
  end
end
for i = 13, #ARGV do redis.call('RPUSH', P .. 'todo:' .. job, ARGV[i]) end
redis.call('ZADD', jobs, now(), job)
if #ARGV > 12 then redis.call('ZADD', turns, redis.call('INCR', P .. 'turn'), job) end
return 1
