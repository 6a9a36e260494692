"""Retries of a page whose answer repeats itself or does not end."""
