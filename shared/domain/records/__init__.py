"""Records that are stored or sent between processes; frozen and validated when read."""
