"""Finds the level of each heading by its number and its size."""
