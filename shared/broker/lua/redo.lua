-- Dispatches pages again that have no result in the store. ARGV: job, then pages.
-- Clears their done marks, gives the job turns again and clears the time of its reduce message.
local job = ARGV[1]
local hot = P .. 'job:' .. job
local fields = redis.call('HMGET', hot, 'engine', 'priority', 'state', 'tenant')
if fields[3] ~= 'open' then return 0 end
redis.call('HDEL', hot, 'reduce')
redis.call('ZREM', P .. 'finished', job)
-- A page may have got its result after the caller checked.
redis.call('HSET', hot, 'verify', 1, 'touched', now())
local pool, added = fields[1], 0
for i = 2, #ARGV do
  local page = tonumber(ARGV[i])
  if redis.call('SETBIT', P .. 'done:' .. job, page, 0) == 1 then
    redis.call('HINCRBY', hot, 'done', -1)
    -- "retry" deletes failures, so those are counted down first; only progress uses these counts.
    for _, status in ipairs({'failed', 'ok', 'blank'}) do
      if tonumber(redis.call('HGET', hot, status)) > 0 then
        redis.call('HINCRBY', hot, status, -1)
        break
      end
    end
  end
  local id = page_id(job, page)
  if not is_placed(pool, id) then
    redis.call('RPUSH', P .. 'todo:' .. job, page .. '-' .. page)
    added = added + 1
  end
end
if added > 0 then give_turn(pool, fields[2], job, fields[4]) end
return added
