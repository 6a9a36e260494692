-- Takes the pages of a dead process back into a queue and raises their suspicion.
-- ARGV: pool, quarantine after, worker ('' = every expired lease), grace seconds,
-- lease seconds, then ids of pages that the worker held.
-- Returns {job, page, seq, queue} for each page that the caller must publish.
local pool, after, worker = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local leases = P .. 'leases:' .. pool
local ids
despite_full_memory()
if worker ~= '' then
  ids = redis.call('SMEMBERS', P .. 'held:' .. worker)
  local known = {}
  for _, id in ipairs(ids) do known[id] = true end
  for i = 6, #ARGV do
    -- It may have been reclaimed since the caller looked.
    local holder = redis.call('HGET', P .. 'holders:' .. pool, ARGV[i])
    if not known[ARGV[i]] and worker_of(holder) == worker then ids[#ids + 1] = ARGV[i] end
  end
else
  local over = lease_now(tonumber(ARGV[5])) - tonumber(ARGV[4])
  ids = redis.call('ZRANGEBYSCORE', leases, '-inf', over, 'LIMIT', 0, 1000)
end
local out = {}
for _, id in ipairs(ids) do
  local job, page = split_id(id)
  local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
  -- A page without a holder was only waiting in that process, so its suspicion stays. A page that
  -- another worker holds by now is left alone.
  if worker == '' or not holder or worker_of(holder) == worker then
    release(pool, id)
    if holder then suspect(job, page, holder) end
    local entry = again(pool, job, page, id, after)
    if entry then out[#out + 1] = entry end
  end
end
if worker ~= '' then
  redis.call('DEL', P .. 'held:' .. worker)
  redis.call('HDEL', P .. 'workers:' .. pool, worker)
end
return out
