"""What the producer and the workers agree on; imports nothing of either."""

__version__ = "0.1.0"
