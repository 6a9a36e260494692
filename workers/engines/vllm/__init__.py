"""pagefleet's side of the vLLM engine: what is asked of it, in what order, and when it is dead."""
