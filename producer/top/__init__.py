"""Shows the state of the fleet in a terminal."""
