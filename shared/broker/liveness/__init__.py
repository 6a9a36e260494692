"""Which processes of the fleet live: heartbeats, and asking the broker in the background."""
