"""What commands do with whole collections."""
