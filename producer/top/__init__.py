"""``pagefleet top``: the fleet in a terminal."""
