"""Prints what vLLM's CPU build needs on this machine, without what only its other parts need.

Its own metadata can't be installed as it is: it names a local version of torch and packages for
sound and video that PyPI has only for GPUs.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import requires

from pip._vendor.packaging.requirements import Requirement

TORCH = "torch==2.13.0"
LEFT_OUT = frozenset(("torch", "torchaudio", "torchcodec"))


def needed(package: str) -> Iterator[str]:
    """Requirements of ``package`` that hold here, as pip reads them."""
    for line in requires(package) or []:
        requirement = Requirement(line)
        if requirement.name in LEFT_OUT:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            requirement.marker = None
            yield str(requirement)
    yield TORCH


if __name__ == "__main__":
    print("\n".join(needed(sys.argv[1])))
