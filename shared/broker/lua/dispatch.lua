-- Fills one lane up to its dispatch window; open jobs take turns in slices.
-- ARGV: pool, priority, smallest window, slice, force (1: also above the low-water mark).
-- Returns {job, page, seq, queue} for each page that the caller must now publish.
local pool, lane = ARGV[1], ARGV[2]
local depth = depth_of(pool, ARGV[3])
local slice = tonumber(ARGV[4])
local turns = P .. 'turns:' .. pool .. ':' .. lane
local room = depth - redis.call('ZCARD', P .. 'queued:' .. queue_name(pool, lane))
local out = {}
if ARGV[5] ~= '1' and room * 2 < depth then return out end
-- First a write that may allocate: without free memory Redis then refuses the whole script
-- instead of a later part of it.
redis.call('INCRBY', P .. 'turn', 0)
-- Pages that one command takes.
local BATCH = 1000
-- The pages first..last of a job that have no result and are neither queued nor leased.
local function unplaced(job, first, last)
  local start = math.floor(first / 8)
  local marks = redis.call('GETRANGE', P .. 'done:' .. job, start, math.floor(last / 8))
  local pages, ids = {}, {}
  for page = first, last do
    local byte = string.byte(marks, math.floor(page / 8) - start + 1) or 0
    if math.floor(byte / 2 ^ (7 - page % 8)) % 2 == 0 then
      pages[#pages + 1] = page
      ids[#ids + 1] = page_id(job, page)
    end
  end
  if #ids == 0 then return pages end
  local since, out = redis.call('ZMSCORE', P .. 'outstanding:' .. pool, unpack(ids)), {}
  for i, id in ipairs(ids) do
    -- Every page that is queued or leased is outstanding.
    if not (since[i] and is_placed(pool, id)) then out[#out + 1] = pages[i] end
  end
  return out
end
local function take(job, count)
  local taken = 0
  while taken < count do
    local range = redis.call('LPOP', P .. 'todo:' .. job)
    if not range then return end
    local first, last = string.match(range, '^(%d+)-(%d+)$')
    first, last = tonumber(first), tonumber(last)
    local stop = math.min(last, first + count - taken - 1, first + BATCH - 1)
    if stop < last then redis.call('LPUSH', P .. 'todo:' .. job, (stop + 1) .. '-' .. last) end
    local pages = unplaced(job, first, stop)
    if #pages > 0 then enqueue_all(pool, lane, job, pages, out) end
    taken = taken + stop - first + 1
  end
end
while #out < room do
  local turn = redis.call('ZPOPMIN', turns)
  if #turn == 0 then break end
  local job = turn[1]
  if state_of(job) == 'open' then
    local is_alone = redis.call('EXISTS', turns) == 0
    take(job, is_alone and room - #out or math.min(slice, room - #out))
    redis.call('HSET', P .. 'job:' .. job, 'touched', now())
    if redis.call('LLEN', P .. 'todo:' .. job) > 0 then
      redis.call('ZADD', turns, redis.call('INCR', P .. 'turn'), job)
    end
  end
end
return out
