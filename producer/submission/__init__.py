"""Makes jobs of documents."""
