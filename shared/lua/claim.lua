-- One worker takes one page. ARGV: engine, queue, lane, job, page, seq, worker, lease seconds,
-- quarantine after, condemn after.
-- Returns {outcome, attempts so far, suspicion, seq in quarantine}.
local engine, queue, lane, job, page = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local worker, lease = ARGV[7], tonumber(ARGV[8])
local id = page_id(job, page)
local started = P .. 'started:' .. queue
local seq = tonumber(ARGV[6])
-- A later dispatch of the same page may wait in this queue: its entry must survive this copy.
if tonumber(redis.call('ZSCORE', P .. 'queued:' .. queue, id) or -1) <= seq then
  redis.call('ZREM', P .. 'queued:' .. queue, id)
end
if seq > tonumber(redis.call('GET', started) or 0) then redis.call('SET', started, seq) end
local state = redis.call('HGET', P .. 'job:' .. job, 'state')
if state ~= 'open' then
  if not redis.call('ZSCORE', P .. 'leases:' .. engine, id) then
    redis.call('ZREM', P .. 'outstanding:' .. engine, id)
  end
  if state then return {state, 0, 0, 0} end
else
  if redis.call('GETBIT', P .. 'done:' .. job, page) == 1 then
    redis.call('ZREM', P .. 'outstanding:' .. engine, id)
    return {'done', 0, 0, 0}
  end
end
local expiry = tonumber(redis.call('ZSCORE', P .. 'leases:' .. engine, id) or 0)
if expiry > now() then return {'held', 0, 0, 0} end
if expiry > 0 then suspect(job, page, release(engine, id)) end
local deaths, alone = suspicion(job, page)
local attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
if alone < tonumber(ARGV[10]) and deaths >= tonumber(ARGV[9]) and lane ~= 'quarantine' then
  return {'quarantine', attempts, deaths, enqueue(engine, 'quarantine', id)[3]}
end
redis.call('ZADD', P .. 'leases:' .. engine, now() + lease, id)
redis.call('HSET', P .. 'holders:' .. engine, id, worker .. '|' .. lane)
redis.call('SADD', P .. 'held:' .. worker, id)
redis.call('ZADD', P .. 'outstanding:' .. engine, 'NX', now(), id)
if alone >= tonumber(ARGV[10]) then return {'condemned', attempts, deaths + alone, 0} end
if not state then return {'unknown', attempts, deaths + alone, 0} end
return {'claimed', attempts, deaths + alone, 0}
