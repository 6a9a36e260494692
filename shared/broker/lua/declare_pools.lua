-- Records pools that the fleet has or can start. ARGV: seconds until the declaration expires, then
-- an id and a description (JSON object) for each pool. A declaration never shortens an earlier one.
local seconds = tonumber(ARGV[1])
local expires = now() + seconds
despite_full_memory()
for i = 2, #ARGV, 2 do
  local id, entry = ARGV[i], cjson.decode(ARGV[i + 1])
  local known = redis.call('HGET', P .. 'pools', id)
  local earlier = known and live_record(known)
  entry.expires, entry.seconds = expires, seconds
  local is_same = earlier and earlier.engine == entry.engine and earlier.model == entry.model
  if not is_same or earlier.expires < expires then
    redis.call('HSET', P .. 'pools', id, cjson.encode(entry))
  end
  redis.call('SADD', P .. 'engines', id)
end
return 1
