-- Whether another job may be opened. ARGV: pool, priority, limit of open jobs, '=' and the tenant
-- (or '').
return has_room(ARGV[1], ARGV[2], tonumber(ARGV[3]), string.match(ARGV[4], '^=(.*)$')) and 1 or 0
