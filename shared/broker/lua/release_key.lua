-- Ends a lease if the owner still has it. KEYS[1]: prefix. ARGV: owner, name.
local key = KEYS[1] .. 'hold:' .. ARGV[2]
if redis.call('GET', key) == ARGV[1] then
  redis.call('DEL', key)
end
return 1
