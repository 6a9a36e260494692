"""The commands of ``pagefleet``, one module per group of commands."""
