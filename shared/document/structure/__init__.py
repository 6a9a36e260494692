"""Rules that make one document of the pages; ``order`` names them in the order of application."""
