"""Turns drafts into Markdown: headings, lists, tables, code and paragraphs."""
