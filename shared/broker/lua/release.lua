-- A worker gives pages that it holds back to their queue.
-- ARGV: engine, quarantine after, blame ('attempt' | 'suspect' | 'none' | 'foreign'), worker, then
-- page ids. Foreign pages need another model: they leave the queue and wait for their job's next
-- turn, so that pages of other jobs are dispatched in between.
-- Returns {job, page, seq, queue, attempts} for each page that the caller must publish.
local engine, after, blame, worker = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local out = {}
despite_full_memory()
local function shelve(job, page, id)
  local lane = lane_of(job, page, after)
  if state_of(job) ~= 'open' or is_done(job, page) or lane == 'quarantine' then return false end
  redis.call('ZREM', P .. 'outstanding:' .. engine, id)
  redis.call('RPUSH', P .. 'todo:' .. job, page .. '-' .. page)
  local turn = redis.call('INCR', P .. 'turn')
  redis.call('ZADD', P .. 'turns:' .. engine .. ':' .. lane, 'NX', turn, job)
  return true
end
for i = 5, #ARGV do
  local id = ARGV[i]
  local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
  local job, page = split_id(id)
  if worker_of(holder) == worker then
    release(engine, id)
    if blame == 'suspect' then suspect(job, page, holder) end
    local attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
    if blame == 'attempt' then attempts = add_mark('attempts:', job, page) end
    local shelved = blame == 'foreign' and shelve(job, page, id)
    local entry = not shelved and again(engine, job, page, id, after)
    if entry then
      entry[5] = attempts
      out[#out + 1] = entry
    end
  end
end
return out
