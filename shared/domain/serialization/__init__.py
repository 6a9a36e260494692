"""How this release reads records of other releases, and records with only some fields."""
