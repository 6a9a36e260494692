"""What a benchmark of kernels needs."""

from importlib import import_module


def missing(*modules: str) -> str | None:
    """The first of ``modules``, or the GPU, that is not here, in words; None where all is."""
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:
            return f"needs {name}: {error}"
    import torch

    return None if torch.cuda.is_available() else "needs a GPU"
