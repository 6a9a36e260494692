"""Which versions of which keys a watch has claimed, in the store and in memory."""
