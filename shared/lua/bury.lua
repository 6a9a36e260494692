-- Pages of a process that died: suspicion, and back into a queue.
-- ARGV: engine, quarantine after, worker ('' = every lease that ran out), grace seconds.
-- Returns {job, page, seq, queue} for each page that the caller must publish.
local engine, after, worker = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local ids
if worker ~= '' then
  ids = redis.call('SMEMBERS', P .. 'held:' .. worker)
else
  ids = redis.call('ZRANGEBYSCORE', P .. 'leases:' .. engine, '-inf', now() - tonumber(ARGV[4]),
    'LIMIT', 0, 1000)
end
local out = {}
for _, id in ipairs(ids) do
  local job, page = split_id(id)
  local holder = release(engine, id)
  -- Without a holder the page only waited there for its turn: nobody is to blame.
  if holder then suspect(job, page, holder) end
  local state = redis.call('HGET', P .. 'job:' .. job, 'state')
  local done = redis.call('GETBIT', P .. 'done:' .. job, page) == 1
  if done or (state and state ~= 'open') then
    redis.call('ZREM', P .. 'outstanding:' .. engine, id)
  else
    out[#out + 1] = enqueue(engine, lane_of(job, page, after), id)
  end
end
if worker ~= '' then
  redis.call('DEL', P .. 'held:' .. worker)
  redis.call('HDEL', P .. 'workers:' .. engine, worker)
end
return out
