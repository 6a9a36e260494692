"""The state of the fleet, read in a few round trips."""
