-- Opens a job. ARGV: job, pool, priority, total, created, bitmap of pages that have a result,
-- ok, blank, failed, limit of open jobs, verify (1: pages may have results of which this broker has
-- no record), limit of pools, '=' and the tenant (or ''), limit of tenants (-1: this one is not
-- limited), then ranges "a-b" still to do.
-- Returns 1 opened, 0 already open, -1 no room (the sweeper opens it later).
local job, pool, priority = ARGV[1], ARGV[2], ARGV[3]
local jobs = P .. 'jobs:' .. pool .. ':' .. priority
-- The tenant for which the job counts: further ones than the limit are "other" together.
local OTHER, LOOKED_AT = 'other', 5
local function admitted(tenant, most)
  local known = P .. 'tenants:' .. pool
  if most < 0 then return tenant end
  if not redis.call('ZSCORE', known, tenant) and redis.call('ZCARD', known) >= most then
    for _, old in ipairs(redis.call('ZRANGE', known, 0, LOOKED_AT - 1)) do
      local is_busy = redis.call('HEXISTS', P .. 'load:' .. pool, old) == 1
      for _, lane in ipairs(LANES) do
        is_busy = is_busy or redis.call('HEXISTS', P .. 'open:' .. pool .. ':' .. lane, old) == 1
      end
      if not is_busy then redis.call('ZREM', known, old) end
    end
    if redis.call('ZCARD', known) >= most then return OTHER end
  end
  redis.call('ZADD', known, now(), tenant)
  return tenant
end
local state = state_of(job)
-- A new job that has ended already was opened by the sweeper while its producer was paused.
-- A job that is being cancelled is opened only after "reopened" has replaced that state.
if state == 'open' or state == 'cancelled' or (state and ARGV[11] == '0') then return 0 end
local tenant = string.match(ARGV[13], '^=(.*)$')
if not has_room(pool, priority, tonumber(ARGV[10]), tenant) then return -1 end
if redis.call('SISMEMBER', P .. 'engines', pool) == 0
  and redis.call('SCARD', P .. 'engines') >= tonumber(ARGV[12]) then return -1 end
-- First a write that may allocate: without free memory Redis then refuses the whole script
-- instead of a later part of it.
redis.call('INCRBY', P .. 'turn', 0)
redis.call('SADD', P .. 'engines', pool)
-- Pages of a job that was open before may be outstanding, and count for its tenant.
if tenant then tenant = tenant_of(job) or admitted(tenant, tonumber(ARGV[14])) end
local done = tonumber(ARGV[7]) + tonumber(ARGV[8]) + tonumber(ARGV[9])
-- The expiry of an earlier tombstone would delete the open job later.
redis.call('DEL', P .. 'job:' .. job, P .. 'done:' .. job, P .. 'todo:' .. job)
redis.call('HSET', P .. 'job:' .. job, 'engine', pool, 'priority', priority, 'total', ARGV[4],
  'created', ARGV[5], 'state', 'open', 'done', done, 'already', done, 'ok', ARGV[7],
  'blank', ARGV[8], 'failed', ARGV[9], 'verify', ARGV[11], 'opened', now(), 'touched', now(),
  'began', state == 'reopened' and now() or math.min(now(), tonumber(ARGV[5])))
if tenant then redis.call('HSET', P .. 'job:' .. job, 'tenant', tenant) end
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
      settle(pool, id)
    end
  end
end
for i = 15, #ARGV do redis.call('RPUSH', P .. 'todo:' .. job, ARGV[i]) end
if redis.call('ZADD', jobs, now(), job) == 1 then
  count_up(P .. 'open:' .. pool .. ':' .. priority, tenant, 1)
end
if #ARGV > 14 then give_turn(pool, priority, job, tenant) end
return 1
