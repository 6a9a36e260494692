-- Registers a live pages process. ARGV: pool, worker, capacity, facts (JSON), seconds until it
-- expires. Sets the dispatch window of the pool to twice the capacity of its live workers.
local key, ttl = P .. 'workers:' .. ARGV[1], tonumber(ARGV[5])
despite_full_memory()
redis.call('HSET', key, ARGV[2], cjson.encode({
  capacity = tonumber(ARGV[3]), expires = now() + ttl, facts = ARGV[4]}))
redis.call('EXPIRE', P .. 'held:' .. ARGV[2], 24 * FORGET)
local all, sum = redis.call('HGETALL', key), 0
for i = 1, #all, 2 do
  local expires = cjson.decode(all[i + 1]).expires
  -- An expiry too far ahead was written before the server's clock was set back.
  if expires < now() or expires > now() + ttl + 1 then redis.call('HDEL', key, all[i])
  else sum = sum + cjson.decode(all[i + 1]).capacity end
end
redis.call('SET', P .. 'depth:' .. ARGV[1], sum * 2)
redis.call('SADD', P .. 'engines', ARGV[1])
return sum
