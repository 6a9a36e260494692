"""Headings, paragraphs, lists, tables and code as Markdown and blocks."""
