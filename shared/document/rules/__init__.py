"""Rules that make the text of a page safe and link it; ``order`` names them in their order."""
