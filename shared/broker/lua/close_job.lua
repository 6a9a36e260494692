-- Removes an open job's records. ARGV: job, state ('' = remove everything; 'cancelled', 'ended' or
-- 'reopened' = keep that state as a tombstone, so that duplicate messages are dropped), seconds to
-- keep the tombstone, the only state in which the job is closed ('' = any).
-- Returns {pool, priority, milliseconds since it was submitted or reopened} of an open job, else {}.
local job, state = ARGV[1], ARGV[2]
local hot = P .. 'job:' .. job
if ARGV[4] ~= '' and state_of(job) ~= ARGV[4] then return {} end
local fields = redis.call('HMGET', hot, 'engine', 'priority', 'began', 'tenant')
local closed = {}
if fields[3] and state_of(job) == 'open' then
  closed = {fields[1], fields[2], math.floor((now() - tonumber(fields[3])) * 1000)}
end
if fields[1] then
  redis.call('ZREM', turns_of(fields[1], fields[2], fields[4]), job)
  if redis.call('ZREM', P .. 'jobs:' .. fields[1] .. ':' .. fields[2], job) == 1 then
    count_up(P .. 'open:' .. fields[1] .. ':' .. fields[2], fields[4], -1)
  end
end
redis.call('DEL', P .. 'todo:' .. job)
redis.call('ZREM', P .. 'finished', job)
if state == '' then
  redis.call('DEL', hot, P .. 'done:' .. job, P .. 'attempts:' .. job, P .. 'suspicion:' .. job)
  return closed
end
if state ~= 'cancelled' then redis.call('DEL', hot, P .. 'done:' .. job) end
redis.call('HSET', hot, 'state', state)
-- Pages of the job may still be outstanding.
if fields[4] then redis.call('HSET', hot, 'tenant', fields[4]) end
redis.call('EXPIRE', hot, tonumber(ARGV[3]))
redis.call('EXPIRE', P .. 'done:' .. job, tonumber(ARGV[3]))
redis.call('DEL', P .. 'attempts:' .. job, P .. 'suspicion:' .. job)
return closed
