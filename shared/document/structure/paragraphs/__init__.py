"""Joins the halves of paragraphs that a break divides."""
