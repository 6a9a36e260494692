"""Turns inputs into jobs: stores them, then dispatches their pages."""
