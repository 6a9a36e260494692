"""What the fonts of a text layer say: their style, their character maps and their symbols."""
