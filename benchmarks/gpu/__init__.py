"""Compares pagefleet with the published vLLM recipe on one GPU; see ``__main__``."""
