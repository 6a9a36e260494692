-- Moves an open job into the pool that serves its model. ARGV: job, pool, quarantine after.
-- Pages that a worker holds stay; they return to the new pool if that worker gives them back.
-- Returns {job, page, seq, queue} for each page that the caller must publish.
local job, pool, after = ARGV[1], ARGV[2], tonumber(ARGV[3])
local fields = redis.call('HMGET', P .. 'job:' .. job, 'state', 'engine', 'priority', 'tenant')
local former, lane, tenant, out = fields[2], fields[3], fields[4], {}
if fields[1] ~= 'open' or former == pool then return out end
-- First a write that may allocate: without free memory Redis then refuses the whole script
-- instead of a later part of it.
redis.call('HSET', P .. 'job:' .. job, 'engine', pool, 'touched', now())
redis.call('SADD', P .. 'engines', pool)
local opened = redis.call('ZSCORE', P .. 'jobs:' .. former .. ':' .. lane, job)
if opened then
  redis.call('ZREM', P .. 'jobs:' .. former .. ':' .. lane, job)
  redis.call('ZADD', P .. 'jobs:' .. pool .. ':' .. lane, opened, job)
  count_up(P .. 'open:' .. former .. ':' .. lane, tenant, -1)
  count_up(P .. 'open:' .. pool .. ':' .. lane, tenant, 1)
end
if redis.call('ZREM', turns_of(former, lane, tenant), job) == 1 then
  give_turn(pool, lane, job, tenant)
end
for _, id in ipairs(redis.call('ZRANGE', P .. 'outstanding:' .. former, 0, -1)) do
  local owner, page = split_id(id)
  if owner == job and not redis.call('HGET', P .. 'holders:' .. former, id) then
    local entry = again(former, job, page, id, after)
    if entry then out[#out + 1] = entry end
  end
end
return out
