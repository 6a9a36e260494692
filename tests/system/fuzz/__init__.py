"""Fuzzers, one per kind of untrusted input; ``make fuzz`` runs all of them."""
