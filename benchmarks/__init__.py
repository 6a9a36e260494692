"""Benchmarks of the fleet; docs/benchmarks.md has their results and commands."""
