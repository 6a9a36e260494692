"""pagefleet's side of the transformers engine: which class, which batches, how answers end."""
