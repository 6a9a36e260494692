"""Changes kombu's Redis transport: it survives lost connections and takes pages many at a time."""
