"""Text lines from pixels."""
