-- Marks a page done whose result is in the store. ARGV: pool, priority, job, page, status,
-- smallest window, worker, worker milliseconds, 1 where tenants have quotas.
-- Returns {open, reduce, low}: the job is open and the page belongs to it; the caller must send a
-- reduce message; the lanes that are below their low-water mark while pages wait.
local pool, lane, job, page, status = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local id, hot = page_id(job, page), P .. 'job:' .. job
local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
local is_own = worker_of(holder) == ARGV[7]
-- A failure from a worker whose lease expired must not end a page that another worker reads.
if status == 'failed' and holder and not is_own then return {1, 0, {}} end
-- The first write can't allocate, so that this also runs without free memory.
if is_own then
  redis.call('ZREM', P .. 'leases:' .. pool, id)
  redis.call('HDEL', P .. 'holders:' .. pool, id)
else
  release(pool, id)
  unqueue(pool, id)
end
local was_outstanding = redis.call('ZREM', P .. 'outstanding:' .. pool, id) == 1
local fields = redis.call('HMGET', hot, 'state', 'total', 'done', status, 'worker_ms', 'tenant')
local load = was_outstanding and count_load(pool, fields[6], -1)
local function is_low(one)
  return redis.call('ZCARD', P .. 'queued:' .. queue_name(pool, one)) * 2 <= depth_of(pool, ARGV[6])
end
-- The lanes to fill: this one, and those in which the quota of this tenant kept pages back.
local function low_lanes()
  local has_quota, low = load and ARGV[9] == '1', {}
  local kept = has_quota and redis.call('HGET', P .. 'at_quota:' .. pool, fields[6])
  if kept then
    local resume, lanes = string.match(kept, '^(%d+)|(.*)$')
    for one in string.gmatch(resume and load <= tonumber(resume) and lanes or '', '[^,]+') do
      if is_low(one) then low[#low + 1] = one end
    end
  end
  if low[1] ~= lane and is_low(lane) and redis.call('EXISTS', turns_of(pool, lane),
    P .. 'tenants:' .. pool .. ':' .. lane) > 0 then low[#low + 1] = lane end
  return low
end
if fields[1] ~= 'open' then return {0, 0, load and low_lanes() or {}} end
local total, done = tonumber(fields[2]), tonumber(fields[3])
if redis.call('SETBIT', P .. 'done:' .. job, page, 1) == 0 then
  done = done + 1
  redis.call('HSET', hot, 'touched', now(), 'done', done, status, tonumber(fields[4]) + 1,
    'worker_ms', tonumber(fields[5] or 0) + tonumber(ARGV[8]))
else
  redis.call('HSET', hot, 'touched', now())
end
local reduce = 0
-- Also for a repeated call, as the first answer may be lost: reducing twice is harmless.
if done >= total then
  redis.call('HSETNX', hot, 'reduce', now())
  redis.call('ZADD', P .. 'finished', 'NX', now(), job)
  reduce = 1
end
return {1, reduce, low_lanes()}
