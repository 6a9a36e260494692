"""Scores Markdown results against ground truth: text, reading order, tables and formulas."""
