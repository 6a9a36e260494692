"""Runs Flower for this fleet: read-only and with a login."""
