-- Gives up a lease, if it is still the owner's. KEYS[1]: prefix. ARGV: owner, name.
local key = KEYS[1] .. 'hold:' .. ARGV[2]
if redis.call('GET', key) == ARGV[1] then
  redis.call('DEL', key)
end
return 1
