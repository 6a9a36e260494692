"""Redis and Celery: queues, dispatch state, leases and the view of the fleet."""

# Before a module of this package, or Celery for it, imports redis.
from shared.broker import lean_redis as lean_redis
