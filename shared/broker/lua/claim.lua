-- One worker takes one page. ARGV: engine, queue, lane, job, page, seq, worker, lease seconds,
-- quarantine after, condemn after, token.
-- Returns {outcome, attempts so far, suspicion, seq in quarantine, verify}; "verify" says that
-- the page may have a result which this broker does not know.
local engine, queue, lane, job, page = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seq, worker, token = tonumber(ARGV[6]), ARGV[7], ARGV[11]
local after, condemn = tonumber(ARGV[9]), tonumber(ARGV[10])
local id = page_id(job, page)
despite_full_memory()
-- A message of before a lost broker carries a number that this one has not given out.
if seq <= tonumber(redis.call('GET', P .. 'seq:' .. queue) or 0)
  and seq > tonumber(redis.call('GET', P .. 'started:' .. queue) or 0) then
  redis.call('SET', P .. 'started:' .. queue, seq)
end
local state = state_of(job)
local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
local over = (state and state ~= 'open' and state) or (is_done(job, page) and 'done')
if over then
  unqueue(engine, id)
  if not holder then redis.call('ZREM', P .. 'outstanding:' .. engine, id) end
  return {over, 0, 0, 0, 0}
end
if holder then
  local live = tonumber(redis.call('ZSCORE', P .. 'leases:' .. engine, id) or 0)
    > lease_now(tonumber(ARGV[8]))
  -- Its own: the answer was lost on the way and the worker asks again.
  local own = holder == worker .. '|' .. lane .. '|' .. token
  if live and not own then return {'held', 0, 0, 0, 0} end
  if not own then suspect(job, page, release(engine, id)) end
end
local deaths, alone = suspicion(job, page)
local attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
if alone < condemn and deaths >= after and lane ~= 'quarantine' then
  if redis.call('ZSCORE', P .. 'queued:' .. queue_name(engine, 'quarantine'), id) then
    return {'held', 0, 0, 0, 0}
  end
  return {'quarantine', attempts, deaths, enqueue(engine, 'quarantine', id)[3], 0}
end
unqueue(engine, id)
hold(engine, id, worker, lane, token, tonumber(ARGV[8]))
local outcome = (alone >= condemn and 'dead_lettered') or (state and 'claimed') or 'unknown'
local verify = tonumber(redis.call('HGET', P .. 'job:' .. job, 'verify') or 0)
return {outcome, attempts, deaths + alone, 0, verify}
