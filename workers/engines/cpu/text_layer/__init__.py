"""Text lines from a PDF's text layer, and checks whether they can be trusted."""
