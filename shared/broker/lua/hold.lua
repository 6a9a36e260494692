-- Takes or keeps leases on names; says for each whether it is the owner's now.
-- KEYS[1]: prefix. ARGV: owner, seconds, names...
local held = {}
for i = 3, #ARGV do
  local key = KEYS[1] .. 'hold:' .. ARGV[i]
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'EX', ARGV[2])
    held[#held + 1] = 1
  else
    -- Set back, the server's clock would keep the lease of somebody who died for hours.
    if redis.call('TTL', key) > tonumber(ARGV[2]) then redis.call('EXPIRE', key, ARGV[2]) end
    held[#held + 1] = 0
  end
end
return held
