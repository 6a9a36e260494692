-- Prolongs a worker's leases. ARGV: engine, worker, lease seconds, then page ids.
-- Returns the ids whose job was cancelled meanwhile, or that are no longer this worker's.
local engine, worker, expiry = ARGV[1], ARGV[2], now() + tonumber(ARGV[3])
local gone = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
  if holder and string.match(holder, '^(.*)|') == worker then
    redis.call('ZADD', P .. 'leases:' .. engine, 'XX', expiry, id)
  end
  if redis.call('HGET', P .. 'job:' .. split_id(id), 'state') == 'cancelled' then
    gone[#gone + 1] = id
  end
end
return gone
