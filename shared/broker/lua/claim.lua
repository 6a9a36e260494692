-- A worker claims one page. ARGV: pool, queue, lane, job, page, seq, worker, lease seconds,
-- quarantine after, dead-letter after, token.
-- Returns {outcome, attempts so far, suspicion, seq in quarantine, verify, waited}; "verify" says
-- that the page may have a result of which this broker has no record. "waited": milliseconds since
-- the page was dispatched first.
local pool, queue, lane, job, page = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seq, worker, token = tonumber(ARGV[6]), ARGV[7], ARGV[11]
local after, dead_letter_after = tonumber(ARGV[9]), tonumber(ARGV[10])
local id = page_id(job, page)
-- This write comes first because it can't allocate: without free memory Redis then runs the rest.
local was_queued = redis.call('ZREM', P .. 'queued:' .. queue, id) == 1
-- A message from before the broker lost its data may carry a higher seq than this one issued.
local order = redis.call('MGET', P .. 'seq:' .. queue, P .. 'started:' .. queue)
if seq <= tonumber(order[1] or 0) and seq > tonumber(order[2] or 0) then
  redis.call('SET', P .. 'started:' .. queue, seq)
end
local state, verify = unpack(redis.call('HMGET', P .. 'job:' .. job, 'state', 'verify'))
-- A queued page is neither held nor done.
local holder = not was_queued and redis.call('HGET', P .. 'holders:' .. pool, id)
local ended = (state and state ~= 'open' and state)
  or (not was_queued and is_done(job, page) and 'done')
if ended then
  if not was_queued then unqueue(pool, id) end
  if not holder then settle(pool, id) end
  return {ended, 0, 0, 0, 0, 0}
end
if holder then
  local live = tonumber(redis.call('ZSCORE', P .. 'leases:' .. pool, id) or 0)
    > lease_now(tonumber(ARGV[8]))
  -- The same token: the worker lost the answer to a network error and claims again.
  local own = holder == worker .. '|' .. lane .. '|' .. token
  if live and not own then return {'held', 0, 0, 0, 0, 0} end
  if not own then suspect(job, page, release(pool, id)) end
end
local deaths, alone, attempts = 0, 0, 0
if redis.call('EXISTS', P .. 'suspicion:' .. job, P .. 'attempts:' .. job) > 0 then
  deaths, alone = suspicion(job, page)
  attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
end
if alone < dead_letter_after and deaths >= after and lane ~= 'quarantine' then
  if redis.call('ZSCORE', P .. 'queued:' .. queue_name(pool, 'quarantine'), id) then
    return {'held', 0, 0, 0, 0, 0}
  end
  return {'quarantine', attempts, deaths, enqueue(pool, 'quarantine', id)[3], 0, 0}
end
if not was_queued then unqueue(pool, id) end
local since = hold(pool, id, worker, lane, token, tonumber(ARGV[8]))
local outcome = (alone >= dead_letter_after and 'dead_lettered')
  or (state and 'claimed') or 'unknown'
local waited_ms = math.max(0, math.floor((now() - since) * 1000))
return {outcome, attempts, deaths + alone, 0, tonumber(verify or 0), waited_ms}
