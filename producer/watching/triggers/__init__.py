"""Triggers name keys that may be new; ``registry`` is the table of them."""
