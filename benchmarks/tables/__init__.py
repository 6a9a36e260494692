"""Measures how well tables are read: generated tables in many styles, with their truth."""
