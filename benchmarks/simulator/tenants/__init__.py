"""Tenants that share a fleet: simulated, and real fleets beside the model."""
