"""Sends messages of tasks and the events about them."""
