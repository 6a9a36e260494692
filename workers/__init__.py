"""The side that works: page tasks, the reducer, the sweeper and their supervisor."""
