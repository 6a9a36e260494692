-- Dispatches lost pages again. ARGV: engine, quarantine after, queue, then page ids.
-- A page that somebody claimed or finished meanwhile is left alone.
local engine, queue = ARGV[1], ARGV[3]
local out = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local job, page = split_id(id)
  if redis.call('ZREM', P .. 'queued:' .. queue, id) == 1 then
    local open = redis.call('HGET', P .. 'job:' .. job, 'state') == 'open'
    local held = redis.call('ZSCORE', P .. 'leases:' .. engine, id)
    if open and not held and redis.call('GETBIT', P .. 'done:' .. job, page) == 0 then
      out[#out + 1] = enqueue(engine, lane_of(job, page, tonumber(ARGV[2])), id)
    elseif not held then
      redis.call('ZREM', P .. 'outstanding:' .. engine, id)
    end
  end
end
return out
