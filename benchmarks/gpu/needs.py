"""Checks that a kernel benchmark can run."""

from importlib import import_module


def missing(*modules: str) -> str | None:
    """A message for the first missing module, or for a missing GPU; None if nothing is missing."""
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:
            return f"needs {name}: {error}"
    import torch

    return None if torch.cuda.is_available() else "needs a GPU"
