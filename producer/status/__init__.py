"""Facts about stored jobs, their progress, and waiting for their end."""
