-- Shared by every script: key names and the server's own clock (worker clocks are not trusted).
-- KEYS[1] is the prefix of all keys; scripts build the rest, so the broker must be one primary.
local P = KEYS[1]
local LANES = {'high', 'normal', 'low', 'quarantine'}
-- Seconds that marks of a job which is not hot are kept.
local FORGET = 3600
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end
-- Leases live by the server's clock without its steps. From one look to the next it moves on by
-- half a lease at most, and never back: a clock that was set, or a server that was away so that
-- nobody could renew, ends no lease of a worker that lives.
local function lease_now(lease_s)
  local known = redis.call('HMGET', P .. 'leaseclock', 'seen', 'behind')
  local t = now()
  local seen, behind = tonumber(known[1] or t), tonumber(known[2] or 0)
  local passed = t - seen
  local counted = math.max(0, math.min(passed, lease_s / 2))
  behind = behind + passed - counted
  if not known[1] or passed ~= counted or passed > 1 then
    redis.call('HSET', P .. 'leaseclock', 'seen', t, 'behind', behind)
  end
  return t - behind
end
-- A server without memory refuses a script's first write if it could grow; not those after one
-- that can't. What holds pages or lets go of them must work then; only new work has to wait.
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
local function queue_name(engine, lane)
  return 'pages.' .. engine .. '.' .. lane
end
local function unqueue(engine, id)
  for _, lane in ipairs(LANES) do
    redis.call('ZREM', P .. 'queued:' .. queue_name(engine, lane), id)
  end
end
-- Whether a page is queued or leased.
local function is_placed(engine, id)
  if redis.call('ZSCORE', P .. 'leases:' .. engine, id) then return true end
  for _, lane in ipairs(LANES) do
    if redis.call('ZSCORE', P .. 'queued:' .. queue_name(engine, lane), id) then return true end
  end
  return false
end
-- Puts one page at the end of a queue's dispatch order; the caller publishes the message.
local function enqueue(engine, lane, id)
  local queue = queue_name(engine, lane)
  unqueue(engine, id)
  local seq = redis.call('INCR', P .. 'seq:' .. queue)
  redis.call('ZADD', P .. 'queued:' .. queue, seq, id)
  redis.call('ZADD', P .. 'outstanding:' .. engine, 'NX', now(), id)
  local job, page = split_id(id)
  return {job, page, seq, queue}
end
-- A holder is "worker|lane|token"; the token tells two copies of a page in one worker apart.
local function worker_of(holder)
  return holder and string.match(holder, '^([^|]*)|')
end
local function hold(engine, id, worker, lane, token, seconds)
  redis.call('ZADD', P .. 'leases:' .. engine, lease_now(seconds) + seconds, id)
  redis.call('HSET', P .. 'holders:' .. engine, id, worker .. '|' .. lane .. '|' .. token)
  redis.call('SADD', P .. 'held:' .. worker, id)
  redis.call('ZADD', P .. 'outstanding:' .. engine, 'NX', now(), id)
end
-- Forgets who holds a page; returns the former holder or nil.
local function release(engine, id)
  redis.call('ZREM', P .. 'leases:' .. engine, id)
  local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
  if holder then
    redis.call('HDEL', P .. 'holders:' .. engine, id)
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
-- Marks of a page; those of a job that is not hot must not stay for ever.
local function add_mark(kind, job, field)
  local count = redis.call('HINCRBY', P .. kind .. job, field, 1)
  if state_of(job) ~= 'open' then redis.call('EXPIRE', P .. kind .. job, FORGET) end
  return count
end
-- Its process died with the page in flight: raises suspicion. Dying alone weighs apart.
local function suspect(job, page, holder)
  local alone = holder and string.match(holder, '|quarantine|')
  add_mark('suspicion:', job, page .. (alone and ':alone' or ''))
end
local function suspicion(job, page)
  local found = redis.call('HMGET', P .. 'suspicion:' .. job, page, page .. ':alone')
  return tonumber(found[1] or 0), tonumber(found[2] or 0)
end
-- The lane a page goes to now: its job's priority, or quarantine once it is suspect.
local function lane_of(job, page, quarantine_after)
  local deaths = suspicion(job, page)
  if deaths >= quarantine_after then return 'quarantine' end
  return redis.call('HGET', P .. 'job:' .. job, 'priority') or 'normal'
end
-- Back into a queue, unless nothing more is wanted; returns what the caller publishes, or nil.
local function again(engine, job, page, id, quarantine_after)
  local state = state_of(job)
  if (state and state ~= 'open') or is_done(job, page) then
    unqueue(engine, id)
    redis.call('ZREM', P .. 'outstanding:' .. engine, id)
    return nil
  end
  return enqueue(engine, lane_of(job, page, quarantine_after), id)
end
-- Pages kept queued: twice what the live workers hold, at least a smallest number.
local function depth_of(engine, smallest)
  local depth = tonumber(redis.call('GET', P .. 'depth:' .. engine) or 0)
  return math.max(tonumber(smallest), depth)
end
