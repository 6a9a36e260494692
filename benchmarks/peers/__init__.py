"""Compares the speed of the CPU engine with that of other programs on the same pages."""
