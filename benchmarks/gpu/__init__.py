"""pagefleet beside the published recipe on one GPU: see ``__main__``."""
