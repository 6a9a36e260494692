-- The reducer found pages without a result. ARGV: job, then pages.
-- Clears their marks, lets the job take turns again and frees the reducer's claim.
local job = ARGV[1]
local hot = P .. 'job:' .. job
local fields = redis.call('HMGET', hot, 'engine', 'priority', 'state')
if fields[3] ~= 'open' then return 0 end
redis.call('HDEL', hot, 'reduce')
local engine, added = fields[1], 0
for i = 2, #ARGV do
  local page = tonumber(ARGV[i])
  if redis.call('SETBIT', P .. 'done:' .. job, page, 0) == 1 then
    redis.call('HINCRBY', hot, 'done', -1)
  end
  local id = page_id(job, page)
  if not redis.call('ZSCORE', P .. 'outstanding:' .. engine, id) then
    redis.call('RPUSH', P .. 'todo:' .. job, page .. '-' .. page)
    added = added + 1
  end
end
if added > 0 then
  redis.call('ZADD', P .. 'turns:' .. engine .. ':' .. fields[2], redis.call('INCR', P .. 'turn'), job)
end
return added
