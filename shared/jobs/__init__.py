"""A job's life in store and broker: open, cancel, purge, reduce."""
