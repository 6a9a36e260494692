-- Prepended to every script: key names and the server's own clock (worker clocks are not trusted).
-- KEYS[1] is the prefix of all keys; scripts build the rest, so the broker must be one primary.
local P = KEYS[1]
local LANES = {'high', 'normal', 'low', 'quarantine'}
-- Seconds that marks of a job which is not open are kept.
local FORGET = 3600
-- The same time during the whole script.
local time_of_script
local function now()
  if not time_of_script then
    local t = redis.call('TIME')
    time_of_script = tonumber(t[1]) + tonumber(t[2]) / 1000000
  end
  return time_of_script
end
-- Whether a heartbeat of ``ttl`` seconds still counts. An expiry too far ahead was written before
-- the server's clock was set back.
local function is_live(expires, ttl)
  return expires >= now() and expires <= now() + ttl + 1
end
-- The heartbeat or declaration that ``text`` is, or nil. Any client of the broker may have written it.
local MAX_RECORD = 65536
local function record_of(text)
  if #text > MAX_RECORD then return nil end
  local ok, record = pcall(cjson.decode, text)
  return ok and type(record) == 'table' and type(record.expires) == 'number' and record or nil
end
-- The same if it counts now. Without ``ttl`` it has its own, ``seconds``.
local function live_record(text, ttl)
  local record = record_of(text)
  ttl = ttl or record and record.seconds
  return record and type(ttl) == 'number' and is_live(record.expires, ttl) and record or nil
end
-- Lease expiry uses a monotonic clock derived from TIME that ignores clock jumps and downtime of
-- the server: between two calls it advances by at most half a lease and never goes back. So
-- neither a clock that was set nor an outage expires the lease of a live worker.
local function lease_now(lease_s)
  local fields = redis.call('HMGET', P .. 'leaseclock', 'seen', 'behind')
  local t = now()
  local seen, behind = tonumber(fields[1] or t), tonumber(fields[2] or 0)
  local passed = t - seen
  local counted = math.max(0, math.min(passed, lease_s / 2))
  behind = behind + passed - counted
  if not fields[1] or passed ~= counted or passed > 1 then
    redis.call('HSET', P .. 'leaseclock', 'seen', t, 'behind', behind)
  end
  return t - behind
end
-- A server without free memory refuses a script whose first write may allocate, but not one whose
-- first write can't. Scripts that hold or release pages must run then; only new work has to wait.
local function despite_full_memory()
  redis.call('DEL', P .. 'nothing')
end
local function page_id(job, page)
  return string.format('%s/p%06d', job, tonumber(page))
end
local function split_id(id)
  local job, page = string.match(id, '^(.*)/p(%d+)$')
  return job, tonumber(page)
end
-- The same name as page_queue in queues.py.
local function queue_name(pool, lane)
  return 'pages.' .. pool .. '.' .. lane
end
-- The jobs of a tenant that have pages to dispatch. Jobs without a tenant, or of the tenant '', are
-- where earlier releases look for all jobs.
local function turns_of(pool, lane, tenant)
  local key = P .. 'turns:' .. pool .. ':' .. lane
  return (tenant or '') == '' and key or key .. ':' .. tenant
end
-- Puts a job at the end of the turns of its tenant, and the tenant into the turns of the lane.
local function give_turn(pool, lane, job, tenant)
  redis.call('ZADD', turns_of(pool, lane, tenant), redis.call('INCR', P .. 'turn'), job)
  if (tenant or '') ~= '' then
    redis.call('ZADD', P .. 'tenants:' .. pool .. ':' .. lane, 'NX',
      redis.call('INCR', P .. 'turn'), tenant)
  end
end
local function tenant_of(job)
  return redis.call('HGET', P .. 'job:' .. job, 'tenant')
end
-- Adds to a number that is kept for a tenant; returns it, or nil without a tenant.
local function count_up(key, tenant, number)
  if not tenant then return nil end
  local count = number ~= 0 and redis.call('HINCRBY', key, tenant, number)
    or tonumber(redis.call('HGET', key, tenant) or 0)
  if count <= 0 then redis.call('HDEL', key, tenant) end
  return count
end
-- The outstanding pages of each tenant of a pool.
local function count_load(pool, tenant, pages)
  return count_up(P .. 'load:' .. pool, tenant, pages)
end
-- Ends a page's time as outstanding.
local function settle(pool, id)
  if redis.call('ZREM', P .. 'outstanding:' .. pool, id) == 1 then
    local job = split_id(id)
    count_load(pool, tenant_of(job), -1)
  end
end
-- Whether another job of this tenant may be opened. A lane that is full takes further jobs of a
-- tenant that has less than an equal share, up to twice the limit.
local function has_room(pool, lane, limit, tenant)
  local all = redis.call('ZCARD', P .. 'jobs:' .. pool .. ':' .. lane)
  if all < limit then return true end
  if not tenant or all >= 2 * limit then return false end
  local open = P .. 'open:' .. pool .. ':' .. lane
  local own, tenants = tonumber(redis.call('HGET', open, tenant) or 0), redis.call('HLEN', open)
  return own * (own > 0 and tenants or tenants + 1) < limit
end
-- A page waits in one lane at most, so the search ends where it is found.
local function unqueue(pool, id)
  for _, lane in ipairs(LANES) do
    if redis.call('ZREM', P .. 'queued:' .. queue_name(pool, lane), id) == 1 then return end
  end
end
-- Whether a page is queued or leased.
local function is_placed(pool, id)
  if redis.call('ZSCORE', P .. 'leases:' .. pool, id) then return true end
  for _, lane in ipairs(LANES) do
    if redis.call('ZSCORE', P .. 'queued:' .. queue_name(pool, lane), id) then return true end
  end
  return false
end
-- Puts one page at the end of a queue's dispatch order; the caller publishes the message.
local function enqueue(pool, lane, id)
  local queue = queue_name(pool, lane)
  unqueue(pool, id)
  local seq = redis.call('INCR', P .. 'seq:' .. queue)
  redis.call('ZADD', P .. 'queued:' .. queue, seq, id)
  local job, page = split_id(id)
  if redis.call('ZADD', P .. 'outstanding:' .. pool, 'NX', now(), id) == 1 then
    count_load(pool, tenant_of(job), 1)
  end
  return {job, page, seq, queue}
end
-- Puts pages of one job, which are not placed, at the end of a queue's dispatch order; adds what
-- the caller must publish to ``out``.
local function enqueue_all(pool, lane, job, tenant, pages, out)
  local queue = queue_name(pool, lane)
  local seq = redis.call('INCRBY', P .. 'seq:' .. queue, #pages) - #pages
  local order, since = {}, {}
  for i, page in ipairs(pages) do
    local id = page_id(job, page)
    order[2 * i - 1], order[2 * i] = seq + i, id
    since[2 * i - 1], since[2 * i] = now(), id
    out[#out + 1] = {job, page, seq + i, queue}
  end
  redis.call('ZADD', P .. 'queued:' .. queue, unpack(order))
  local added = redis.call('ZADD', P .. 'outstanding:' .. pool, 'NX', unpack(since))
  count_load(pool, tenant, added)
end
-- A holder is "worker|lane|token"; the token tells two copies of a page in one worker apart.
local function worker_of(holder)
  return holder and string.match(holder, '^([^|]*)|')
end
-- Gives a worker the lease on a page; returns when the page was dispatched first.
local function hold(pool, id, worker, lane, token, seconds)
  redis.call('ZADD', P .. 'leases:' .. pool, lease_now(seconds) + seconds, id)
  redis.call('HSET', P .. 'holders:' .. pool, id, worker .. '|' .. lane .. '|' .. token)
  local since = redis.call('ZSCORE', P .. 'outstanding:' .. pool, id)
  if since then return tonumber(since) end
  redis.call('ZADD', P .. 'outstanding:' .. pool, now(), id)
  local job = split_id(id)
  count_load(pool, tenant_of(job), 1)
  return now()
end
-- Ends the lease on a page; returns the former holder or nil.
local function release(pool, id)
  redis.call('ZREM', P .. 'leases:' .. pool, id)
  local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
  if holder then
    redis.call('HDEL', P .. 'holders:' .. pool, id)
    -- Workers of an older release record the pages that they hold there too.
    redis.call('SREM', P .. 'held:' .. worker_of(holder), id)
  end
  return holder
end
local function state_of(job)
  return redis.call('HGET', P .. 'job:' .. job, 'state')
end
local function is_done(job, page)
  return redis.call('GETBIT', P .. 'done:' .. job, page) == 1
end
-- Counts up a mark of a page; marks of a job that is not open expire.
local function add_mark(kind, job, field)
  local count = redis.call('HINCRBY', P .. kind .. job, field, 1)
  if state_of(job) ~= 'open' then redis.call('EXPIRE', P .. kind .. job, FORGET) end
  return count
end
-- Raises the suspicion of a page whose process died while it was in flight. Deaths in quarantine,
-- where the page ran alone, are counted separately.
local function suspect(job, page, holder)
  local alone = holder and string.match(holder, '|quarantine|')
  add_mark('suspicion:', job, page .. (alone and ':alone' or ''))
end
local function suspicion(job, page)
  local deaths = redis.call('HMGET', P .. 'suspicion:' .. job, page, page .. ':alone')
  return tonumber(deaths[1] or 0), tonumber(deaths[2] or 0)
end
-- The lane for a page: its job's priority, or quarantine after enough deaths.
local function lane_of(job, page, quarantine_after)
  local deaths = suspicion(job, page)
  if deaths >= quarantine_after then return 'quarantine' end
  return redis.call('HGET', P .. 'job:' .. job, 'priority') or 'normal'
end
-- Requeues a page unless it needs no more work; returns what the caller must publish, or nil.
-- The page goes to the pool of its open job, which may have been moved out of ``pool``.
local function again(pool, job, page, id, quarantine_after)
  local state, home = unpack(redis.call('HMGET', P .. 'job:' .. job, 'state', 'engine'))
  if state ~= 'open' then home = pool end
  local ended = (state and state ~= 'open') or is_done(job, page)
  if ended or home ~= pool then
    unqueue(pool, id)
    settle(pool, id)
    if ended or is_placed(home, id) then return nil end
  end
  return enqueue(home, lane_of(job, page, quarantine_after), id)
end
-- The dispatch window: twice the capacity of the live workers, but at least ``smallest``.
local function depth_of(pool, smallest)
  local depth = tonumber(redis.call('GET', P .. 'depth:' .. pool) or 0)
  return math.max(tonumber(smallest), depth)
end
