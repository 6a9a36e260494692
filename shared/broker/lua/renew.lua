-- Extends a worker's leases. ARGV: pool, worker, lease seconds, then page ids.
-- Returns {cancelled, taken, retaken}: ids whose job was cancelled; that are done or leased to
-- another worker; that had no holder and are leased again, because the broker lost the lease or
-- it expired.
local pool, worker, seconds = ARGV[1], ARGV[2], tonumber(ARGV[3])
local cancelled, taken, retaken = {}, {}, {}
despite_full_memory()
local expiry = lease_now(seconds) + seconds
for i = 4, #ARGV do
  local id = ARGV[i]
  local job, page = split_id(id)
  local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
  local own = worker_of(holder) == worker
  if own then redis.call('ZADD', P .. 'leases:' .. pool, expiry, id) end
  if state_of(job) == 'cancelled' then
    cancelled[#cancelled + 1] = id
  elseif is_done(job, page) or (holder and not own) then
    taken[#taken + 1] = id
  elseif not holder then
    unqueue(pool, id)
    hold(pool, id, worker, 'retaken', '', seconds)
    retaken[#retaken + 1] = id
  end
end
return {cancelled, taken, retaken}
