"""Metrics, logs and failure records of workers."""
