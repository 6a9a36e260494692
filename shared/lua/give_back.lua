-- A worker returns pages it holds, without blame unless asked.
-- ARGV: engine, quarantine after, blame ('attempt' | 'suspect' | 'none'), worker, then page ids.
-- Returns {job, page, seq, queue, attempts} for each page that the caller must publish.
local engine, blame, worker = ARGV[1], ARGV[3], ARGV[4]
local out = {}
for i = 5, #ARGV do
  local id = ARGV[i]
  local holder = redis.call('HGET', P .. 'holders:' .. engine, id)
  local job, page = split_id(id)
  if holder and string.match(holder, '^(.*)|') == worker then
    release(engine, id)
    if blame == 'suspect' then suspect(job, page, holder) end
    local attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
    if blame == 'attempt' then
      attempts = redis.call('HINCRBY', P .. 'attempts:' .. job, page, 1)
    end
    local state = redis.call('HGET', P .. 'job:' .. job, 'state')
    if state == 'open' or not state then
      local entry = enqueue(engine, lane_of(job, page, tonumber(ARGV[2])), id)
      entry[5] = attempts
      out[#out + 1] = entry
    else
      redis.call('ZREM', P .. 'outstanding:' .. engine, id)
    end
  end
end
return out
