-- What a worker must know between two renewals. ARGV: pool, worker, the id of a page that it holds,
-- then ids of jobs whose pages it holds.
-- Returns {lost, cancelled}: 1 where that worker has no lease on that page, and the
-- ids of the jobs that were cancelled.
local holder = redis.call('HGET', P .. 'holders:' .. ARGV[1], ARGV[3])
local cancelled = {}
for i = 4, #ARGV do
  if state_of(ARGV[i]) == 'cancelled' then cancelled[#cancelled + 1] = ARGV[i] end
end
return {worker_of(holder) == ARGV[2] and 0 or 1, cancelled}
