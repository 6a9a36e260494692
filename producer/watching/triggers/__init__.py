"""What tells a watch that something may be new."""
