"""Values and rules that every part agrees on; no I/O and nothing else of pagefleet."""
