-- Removes pools that are not needed: no declaration, live worker, open job, page or message.
-- ARGV: seconds that a heartbeat counts, then ids of pools. Returns the ids of those that were removed.
local removed = {}
local function is_declared(pool)
  local text = redis.call('HGET', P .. 'pools', pool)
  return text and live_record(text) ~= nil
end
local function has_live_worker(pool)
  for _, text in ipairs(redis.call('HVALS', P .. 'workers:' .. pool)) do
    if live_record(text, tonumber(ARGV[1])) then return true end
  end
  return false
end
local function has_work(pool)
  if redis.call('ZCARD', P .. 'outstanding:' .. pool) > 0 then return true end
  for _, lane in ipairs(LANES) do
    if redis.call('ZCARD', P .. 'jobs:' .. pool .. ':' .. lane) > 0 then return true end
    if redis.call('LLEN', P .. queue_name(pool, lane)) > 0 then return true end
  end
  return false
end
for i = 2, #ARGV do
  local pool = ARGV[i]
  if not is_declared(pool) and not has_live_worker(pool) and not has_work(pool) then
    for _, lane in ipairs(LANES) do
      redis.call('DEL', P .. 'seq:' .. queue_name(pool, lane), P .. 'started:' .. queue_name(pool, lane))
      for _, kind in ipairs({'tenants:', 'credit:', 'open:'}) do
        redis.call('DEL', P .. kind .. pool .. ':' .. lane)
      end
    end
    redis.call('DEL', P .. 'workers:' .. pool, P .. 'depth:' .. pool, P .. 'summed:' .. pool)
    redis.call('DEL', P .. 'load:' .. pool, P .. 'at_quota:' .. pool, P .. 'tenants:' .. pool)
    redis.call('HDEL', P .. 'pools', pool)
    redis.call('SREM', P .. 'engines', pool)
    removed[#removed + 1] = pool
  end
end
return removed
