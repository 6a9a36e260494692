"""Which processes of the fleet live: heartbeats, and pings of the broker in the background."""
