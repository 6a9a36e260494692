"""Fleets with several brokers."""
