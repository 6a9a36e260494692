-- A pages worker is alive. ARGV: engine, worker, capacity, facts (JSON), seconds to live.
-- Keeps the depth of the engine's queues at twice what its live workers hold.
local key = P .. 'workers:' .. ARGV[1]
redis.call('HSET', key, ARGV[2], cjson.encode({
  capacity = tonumber(ARGV[3]), expires = now() + tonumber(ARGV[5]), facts = ARGV[4]}))
local all, sum = redis.call('HGETALL', key), 0
for i = 1, #all, 2 do
  local worker = cjson.decode(all[i + 1])
  if worker.expires < now() then redis.call('HDEL', key, all[i])
  else sum = sum + worker.capacity end
end
redis.call('SET', P .. 'depth:' .. ARGV[1], sum * 2)
redis.call('SADD', P .. 'engines', ARGV[1])
return sum
