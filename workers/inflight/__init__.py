"""Pages that this process works on: how they are aborted, and how they end."""
