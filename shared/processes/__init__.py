"""Killable helper processes and the private folders that they use."""
