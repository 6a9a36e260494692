"""The command line of ``pagefleet``: commands, options and help; loads nothing heavy."""

from producer.cli.group import cli, main

__all__ = ["cli", "main"]
