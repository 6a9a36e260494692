-- Fills one lane up to its dispatch window. Tenants take turns by weighted deficit round robin
-- (Shreedhar and Varghese, 1995), and the open jobs of a tenant take turns in slices.
-- ARGV: pool, priority, smallest window, slice, force (1: also above the low-water mark), 1 where
-- jobs have tenants, then tenant, weight and quota ('' = none) of each named tenant; '*' = others.
-- Returns {job, page, seq, queue} for each page that the caller must now publish.
local pool, lane = ARGV[1], ARGV[2]
local depth = depth_of(pool, ARGV[3])
local slice = tonumber(ARGV[4])
local room = depth - redis.call('ZCARD', P .. 'queued:' .. queue_name(pool, lane))
local out = {}
if ARGV[5] ~= '1' and room * 2 < depth then return out end
-- First a write that may allocate: without free memory Redis then refuses the whole script
-- instead of a later part of it.
local turn = redis.call('INCR', P .. 'turn')
-- Turns that this call gives come after all earlier ones and before the next call's.
local function next_turn()
  turn = turn + 1e-6
  return turn
end
local TURNS, CREDIT = P .. 'tenants:' .. pool .. ':' .. lane, P .. 'credit:' .. pool .. ':' .. lane
local AT_QUOTA = P .. 'at_quota:' .. pool
local limits = {['*'] = {weight = 1}}
for i = 7, #ARGV, 3 do
  limits[ARGV[i]] = {weight = tonumber(ARGV[i + 1]), quota = tonumber(ARGV[i + 2])}
end
local function limits_of(tenant)
  return limits[tenant] or limits['*']
end
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
local function take(job, tenant, count)
  local taken = 0
  while taken < count do
    local range = redis.call('LPOP', P .. 'todo:' .. job)
    if not range then return end
    local first, last = string.match(range, '^(%d+)-(%d+)$')
    first, last = tonumber(first), tonumber(last)
    local stop = math.min(last, first + count - taken - 1, first + BATCH - 1)
    if stop < last then redis.call('LPUSH', P .. 'todo:' .. job, (stop + 1) .. '-' .. last) end
    local pages = unplaced(job, first, stop)
    if #pages > 0 then enqueue_all(pool, lane, job, tenant, pages, out) end
    taken = taken + stop - first + 1
  end
end
-- The tenants that have pages to dispatch, in the order of their turns, and those that wait for
-- pages of their own to end.
local MOST_TENANTS = 2000
local active, is_active, is_new, is_gone = redis.call('ZRANGE', TURNS, 0, MOST_TENANTS), {}, {}, {}
local had_turns = #active > 0
for _, tenant in ipairs(active) do is_active[tenant] = true end
local function activate(tenant)
  if not is_active[tenant] then
    active[#active + 1], is_active[tenant], is_new[tenant], is_gone[tenant] = tenant, true, true, nil
  end
end
local function load_of(tenant)
  return tonumber(redis.call('HGET', P .. 'load:' .. pool, tenant) or 0) or 0
end
-- The load at which a tenant at its quota is dispatched again: as its pages end one by one, the
-- room for a slice is awaited.
local function resumes_at(quota)
  return quota - math.min(slice, math.ceil(quota / 2))
end
-- Where the setting was removed, the sweeper's calls see to them.
local has_quotas = had_turns or ARGV[5] == '1' or ARGV[6] == '1'
local at_quota, kept = has_quotas and redis.call('HGETALL', AT_QUOTA) or {}, {}
for i = 1, #at_quota, 2 do
  local tenant, resume, lanes = at_quota[i], string.match(at_quota[i + 1], '^(%d+)|(.*)$')
  local quota, others = limits_of(tenant).quota, {}
  kept[tenant], lanes = lanes, lanes or ''
  if not quota or load_of(tenant) <= resumes_at(quota) then
    for one in string.gmatch(lanes, '[^,]+') do
      if one ~= lane then others[#others + 1] = one else activate(tenant) end
    end
    kept[tenant] = #others > 0 and table.concat(others, ',') or nil
    if kept[tenant] then
      redis.call('HSET', AT_QUOTA, tenant, resume .. '|' .. kept[tenant])
    else
      redis.call('HDEL', AT_QUOTA, tenant)
    end
  end
end
local function keep_back(tenant, quota)
  local lanes = kept[tenant]
  if not (lanes and string.find(',' .. lanes .. ',', ',' .. lane .. ',', 1, true)) then
    kept[tenant] = lanes and lanes .. ',' .. lane or lane
  end
  redis.call('HSET', AT_QUOTA, tenant, resumes_at(quota) .. '|' .. kept[tenant])
end
if not had_turns or redis.call('EXISTS', turns_of(pool, lane)) == 1 then activate('') end
-- A tenant whose turn was cut short by a full window goes on with the rest of it.
local credit = {}
if had_turns then
  local saved = redis.call('HGETALL', CREDIT)
  if saved[1] == active[1] then credit[saved[1]] = tonumber(saved[2]) end
  redis.call('DEL', CREDIT)
end
-- Where a job stands that may be dispatched here; else nil, and it has its turn where it belongs.
local function tenant_here(job, expected)
  local state, own, home, priority = unpack(
    redis.call('HMGET', P .. 'job:' .. job, 'state', 'tenant', 'engine', 'priority'))
  if state ~= 'open' then return nil end
  -- Processes of an earlier release know neither tenants nor where their jobs wait.
  if home ~= pool or (own or '') ~= expected then
    give_turn(home, priority, job, own)
    if home == pool and priority == lane then activate(own or '') end
    return nil
  end
  if not own and ARGV[6] == '1' then
    own = ''
    redis.call('HSET', P .. 'job:' .. job, 'tenant', own)
  end
  return {own}
end
-- Dispatches the pages of one turn of a tenant. Returns "empty", "quota", "full" or "over".
local function serve(tenant)
  local turns, limit, before = turns_of(pool, lane, tenant), limits_of(tenant), #out
  local left = #active > 0 and (credit[tenant] or slice * limit.weight) or room - before
  local free, has_more = limit.quota and limit.quota - load_of(tenant) or room, true
  while #out < room do
    local budget = math.min(left, free) - (#out - before)
    if budget <= 0 then break end
    local first = redis.call('ZPOPMIN', turns)
    if #first == 0 then return 'empty' end
    local job = first[1]
    local here = tenant_here(job, tenant)
    if here then
      budget = math.min(budget, room - #out)
      has_more = redis.call('EXISTS', turns) == 1
      take(job, here[1], has_more and math.min(slice, budget) or budget)
      redis.call('HSET', P .. 'job:' .. job, 'touched', now())
      if redis.call('LLEN', P .. 'todo:' .. job) > 0 then
        redis.call('ZADD', turns, next_turn(), job)
        has_more = true
      end
    end
  end
  if not has_more then return 'empty' end
  local used = #out - before
  if limit.quota and used >= free then
    keep_back(tenant, limit.quota)
    return 'quota'
  end
  credit[tenant] = left - used
  return credit[tenant] > 0 and 'full' or 'over'
end
while #out < room and #active > 0 do
  local tenant = table.remove(active, 1)
  local outcome = serve(tenant)
  if outcome == 'full' then
    table.insert(active, 1, tenant)
  else
    credit[tenant], is_active[tenant], is_new[tenant], is_gone[tenant] = nil, nil, nil, true
    if outcome == 'over' then activate(tenant) end
  end
end
local function save_turns()
  local scores, gone = {}, {}
  for _, tenant in ipairs(active) do
    if is_new[tenant] then scores[#scores + 1], scores[#scores + 2] = next_turn(), tenant end
  end
  for tenant in pairs(is_gone) do gone[#gone + 1] = tenant end
  if #gone > 0 then redis.call('ZREM', TURNS, unpack(gone)) end
  if #scores > 0 then redis.call('ZADD', TURNS, unpack(scores)) end
  if credit[active[1]] then redis.call('HSET', CREDIT, active[1], credit[active[1]]) end
end
-- Without tenants the turns of jobs are all that is kept.
if #active > 1 or (#active == 1 and active[1] ~= '') then
  save_turns()
elseif had_turns then
  redis.call('DEL', TURNS)
end
return out
