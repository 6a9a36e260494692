"""Metrics, health checks and traces that producers and workers share."""
