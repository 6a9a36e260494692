"""Collections: names for many documents, and what the store holds about them."""
