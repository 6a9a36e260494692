-- A worker gives pages that it holds back to their queue.
-- ARGV: pool, quarantine after, blame ('attempt' | 'suspect' | 'none'), worker, then page ids.
-- Returns {job, page, seq, queue, attempts} for each page that the caller must publish.
local pool, after, blame, worker = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local out = {}
despite_full_memory()
for i = 5, #ARGV do
  local id = ARGV[i]
  local holder = redis.call('HGET', P .. 'holders:' .. pool, id)
  local job, page = split_id(id)
  if worker_of(holder) == worker then
    release(pool, id)
    if blame == 'suspect' then suspect(job, page, holder) end
    local attempts = tonumber(redis.call('HGET', P .. 'attempts:' .. job, page) or 0)
    if blame == 'attempt' then attempts = add_mark('attempts:', job, page) end
    local entry = again(pool, job, page, id, after)
    if entry then
      entry[5] = attempts
      out[#out + 1] = entry
    end
  end
end
return out
