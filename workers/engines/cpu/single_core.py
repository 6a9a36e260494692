"""Keeps this process on one thread: imported before any library that starts a pool of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Libraries read these once, when they are imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
# The same for the telemetry of newer onnxruntime, which is on unless this says otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@contextmanager
def one_core() -> Iterator[None]:
    """Show one core only: models that are loaded here size their thread pools by it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
