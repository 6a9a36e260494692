"""Entry point of both commands: errors, exit codes, terminal text and doctor checks."""
