-- Shared by every script: key names and the server's own clock (worker clocks are not trusted).
-- KEYS[1] is the prefix of all keys; scripts build the rest, so the broker must be one primary.
local P = KEYS[1]
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
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
-- Puts one page at the end of a queue's dispatch order; the caller publishes the message.
local function enqueue(engine, lane, id)
  local queue = queue_name(engine, lane)
  local seq = redis.call('INCR', P .. 'seq:' .. queue)
  redis.call('ZADD', P .. 'queued:' .. queue, seq, id)
  redis.call('ZADD', P .. 'outstanding:' .. engine, 'NX', now(), id)
  local job, page = split_id(id)
  return {job, page, seq, queue}
end
-- Forgets who holds a page; returns the former holder ("worker|lane") or nil.
local function release(engine, id)
  redis.call('ZREM', P .. 'leases:' .. engine, id)
  local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
  if holder then
    redis.call('HDEL', P .. 'holders:' .. engine, id)
    redis.call('SREM', P .. 'held:' .. string.match(holder, '^(.*)|'), id)
  end
  return holder
end
-- Its process died with the page in flight: raises suspicion. Dying alone weighs apart.
local function suspect(job, page, holder)
  local alone = holder and string.match(holder, '|quarantine$')
  local field = page .. (alone and ':alone' or '')
  redis.call('HINCRBY', P .. 'suspicion:' .. job, field, 1)
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
