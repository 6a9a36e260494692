"""Measures what a page costs the fleet against corpus size, document size and workers."""
