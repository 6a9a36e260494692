-- Registers a live process of a role. ARGV: role, process, facts (JSON), seconds until it expires.
local key, ttl = P .. 'roles:' .. ARGV[1], tonumber(ARGV[4])
despite_full_memory()
redis.call('HSET', key, ARGV[2], cjson.encode({expires = now() + ttl, facts = ARGV[3]}))
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do
  if not live_record(all[i + 1], ttl) then redis.call('HDEL', key, all[i]) end
end
return 1
