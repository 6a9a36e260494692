"""How records are written and read as JSON, also between releases."""
