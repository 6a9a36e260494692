-- Registers a live pages process. ARGV: pool, worker, capacity, facts (JSON), seconds until it
-- expires. Sets the dispatch window of the pool to twice the capacity of its live workers.
-- Only one heartbeat in SUM_S seconds reads those of all workers, so that the cost of all grows
-- with their number and not with its square.
local MAX_CAPACITY, MAX_NAME, SUM_S = 100000, 300, 5
local key, depth, ttl = P .. 'workers:' .. ARGV[1], P .. 'depth:' .. ARGV[1], tonumber(ARGV[5])
local summed = P .. 'summed:' .. ARGV[1]
-- The capacity in a record. Any client may have written it; nil where it is not pagefleet's.
local function capacity_of(name, record)
  local capacity = #name <= MAX_NAME and record and record.capacity
  if type(capacity) ~= 'number' then return nil end
  if not (capacity >= 0 and capacity <= MAX_CAPACITY) then return nil end
  return capacity
end
local function sum_up()
  local all, sum = redis.call('HGETALL', key), 0
  for i = 1, #all, 2 do
    local capacity = capacity_of(all[i], live_record(all[i + 1], ttl))
    if capacity then sum = sum + capacity else redis.call('HDEL', key, all[i]) end
  end
  redis.call('SET', depth, math.floor(sum * 2))
  redis.call('SET', summed, now())
end
despite_full_memory()
local earlier = redis.call('HGET', key, ARGV[2])
local former = earlier and capacity_of(ARGV[2], record_of(earlier)) or 0
redis.call('HSET', key, ARGV[2], cjson.encode({
  capacity = tonumber(ARGV[3]), expires = now() + ttl, facts = ARGV[4]}))
redis.call('EXPIRE', P .. 'held:' .. ARGV[2], 24 * FORGET)
redis.call('SADD', P .. 'engines', ARGV[1])
local age = now() - tonumber(redis.call('GET', summed) or 0)
-- A negative age: the server's clock was set back.
if age < 0 or age >= SUM_S then
  sum_up()
elseif tonumber(ARGV[3]) ~= former then
  redis.call('INCRBY', depth, math.floor(2 * (tonumber(ARGV[3]) - former)))
end
return 1
