"""Limits this process to one thread; import it before any library that starts a thread pool."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Numeric libraries read these variables once, at import.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
# Newer versions of onnxruntime send telemetry unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@contextmanager
def one_visible_core() -> Iterator[None]:
    """Pin this process to one core, so that models loaded meanwhile create one thread each."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
