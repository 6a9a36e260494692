"""What the store holds about collections."""
