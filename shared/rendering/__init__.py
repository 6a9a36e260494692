"""Draws pages of documents; only helper processes import more of it than the plain values."""
