"""Marks inside the text of a line: its styles, shifts and links, until the text is written."""
