"""Writes the parts of formulas that stand above each other in one row."""
