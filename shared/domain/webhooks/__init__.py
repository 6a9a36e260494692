"""What a webhook carries, and the addresses that are allowed for it."""
