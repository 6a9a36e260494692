-- Lets go of a page that needs nothing more (cancelled, purged). ARGV: engine, job, page.
local id = page_id(ARGV[2], ARGV[3])
release(ARGV[1], id)
redis.call('ZREM', P .. 'outstanding:' .. ARGV[1], id)
return 1
