"""Measurements of drafts: how many real pages accept, and what they are worth in decoding."""
