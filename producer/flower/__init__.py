"""``pagefleet flower``: Flower, read-only and behind a login."""
