"""Finds inputs, opens them inside limits and inspects them."""
