-- Extends the tombstone of a cancelled job. ARGV: job, seconds. Returns the state afterwards. A
-- job without a state becomes cancelled again, because the caller is still cancelling it.
local job, seconds = ARGV[1], tonumber(ARGV[2])
local state = state_of(job)
despite_full_memory()
if not state then redis.call('HSET', P .. 'job:' .. job, 'state', 'cancelled') end
if state and state ~= 'cancelled' then return state end
redis.call('EXPIRE', P .. 'job:' .. job, seconds)
redis.call('EXPIRE', P .. 'done:' .. job, seconds)
return 'cancelled'
