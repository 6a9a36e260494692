"""Sends page messages and the events about them."""
