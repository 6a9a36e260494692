"""Redis and Celery: queues, dispatch state, leases and the view of the fleet."""
