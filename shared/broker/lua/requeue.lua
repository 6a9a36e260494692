-- Dispatches pages again whose message was lost. ARGV: pool, quarantine after, queue, page ids.
-- A page that was claimed or finished meanwhile is left alone.
local pool, after, queue = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local out = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local job, page = split_id(id)
  if redis.call('ZREM', P .. 'queued:' .. queue, id) == 1
    and not redis.call('ZSCORE', P .. 'leases:' .. pool, id) then
    local entry = state_of(job) and again(pool, job, page, id, after)
    if entry then out[#out + 1] = entry
    else settle(pool, id) end
  end
end
return out
