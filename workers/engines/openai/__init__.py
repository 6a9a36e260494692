"""Reads pages with an OpenAI-compatible server: requests, replies and their errors."""
