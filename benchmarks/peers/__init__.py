"""Compares the CPU engine with other converters that install without downloads of models."""
