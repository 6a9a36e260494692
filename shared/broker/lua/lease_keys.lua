-- Takes or renews leases on names; returns for each name 1 where the owner now has it, else 0.
-- KEYS[1]: prefix. ARGV: owner, seconds, names...
local held = {}
for i = 3, #ARGV do
  local key = KEYS[1] .. 'hold:' .. ARGV[i]
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'EX', ARGV[2])
    held[#held + 1] = 1
  else
    -- After its clock was set back, the server would keep a dead owner's lease for hours.
    if redis.call('TTL', key) > tonumber(ARGV[2]) then redis.call('EXPIRE', key, ARGV[2]) end
    held[#held + 1] = 0
  end
end
return held
