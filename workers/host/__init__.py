"""Cores, memory, attention backends and scratch space of this machine."""
