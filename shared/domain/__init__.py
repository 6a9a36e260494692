"""Records, names and rules that all packages share; does no I/O and imports only itself."""
