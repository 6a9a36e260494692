"""Adds recognised words to pages of PDFs as invisible text."""
