"""What the broker answers, bounded in time and size."""
