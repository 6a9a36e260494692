-- Counts the outstanding pages and open jobs of each tenant of a pool again where their sums are not
-- right: a process of an earlier release does not count them, and a job may have been forgotten
-- while its pages were outstanding. ARGV: pool, '1' where new jobs get tenants. Returns 1 where it
-- counted.
local pool, tenants, counted = ARGV[1], {}, 0
local function sum_of(key)
  local sum = 0
  for _, count in ipairs(redis.call('HVALS', key)) do sum = sum + tonumber(count) end
  return sum
end
local function tenant(job)
  if tenants[job] == nil then tenants[job] = tenant_of(job) end
  return tenants[job]
end
local function recount(key, set, job_in)
  if ARGV[2] ~= '1' and redis.call('EXISTS', key) == 0 then return end
  if sum_of(key) == redis.call('ZCARD', set) then return end
  local counts, fields = {}, {}
  for _, member in ipairs(redis.call('ZRANGE', set, 0, -1)) do
    local name = tenant(job_in(member))
    if name then counts[name] = (counts[name] or 0) + 1 end
  end
  for name, count in pairs(counts) do
    fields[#fields + 1], fields[#fields + 2] = name, count
  end
  redis.call('DEL', key)
  for i = 1, #fields, 2 do redis.call('HSET', key, fields[i], fields[i + 1]) end
  counted = 1
end
despite_full_memory()
recount(P .. 'load:' .. pool, P .. 'outstanding:' .. pool, split_id)
for _, lane in ipairs(LANES) do
  recount(P .. 'open:' .. pool .. ':' .. lane, P .. 'jobs:' .. pool .. ':' .. lane,
    function(job) return job end)
end
return counted
