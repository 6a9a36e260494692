-- Registers a live pages process. ARGV: pool, worker, capacity, facts (JSON), seconds until it
-- expires. Sets the dispatch window of the pool to twice the capacity of its live workers.
local MAX_CAPACITY, MAX_NAME = 100000, 300
local key, ttl = P .. 'workers:' .. ARGV[1], tonumber(ARGV[5])
despite_full_memory()
redis.call('HSET', key, ARGV[2], cjson.encode({
  capacity = tonumber(ARGV[3]), expires = now() + ttl, facts = ARGV[4]}))
redis.call('EXPIRE', P .. 'held:' .. ARGV[2], 24 * FORGET)
-- Any client may have written a heartbeat; one that is not pagefleet's is removed.
local function capacity_of(name, text)
  local beat = #name <= MAX_NAME and live_record(text, ttl)
  local capacity = beat and beat.capacity
  if type(capacity) ~= 'number' then return nil end
  if not (capacity >= 0 and capacity <= MAX_CAPACITY) then return nil end
  return capacity
end
local all, sum = redis.call('HGETALL', key), 0
for i = 1, #all, 2 do
  local capacity = capacity_of(all[i], all[i + 1])
  if capacity then sum = sum + capacity else redis.call('HDEL', key, all[i]) end
end
redis.call('SET', P .. 'depth:' .. ARGV[1], sum * 2)
redis.call('SADD', P .. 'engines', ARGV[1])
return sum
