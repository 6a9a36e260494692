"""Prints the requirements of vLLM's CPU build for this machine, without its audio and video parts.

Its own metadata can't be installed: it names a local version of torch, and audio and video packages
that PyPI has only for GPUs.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import requires

from pip._vendor.packaging.requirements import Requirement

TORCH = "torch==2.13.0"
EXCLUDED = frozenset(("torch", "torchaudio", "torchcodec"))


def requirements_of(package: str) -> Iterator[str]:
    """The requirements of ``package`` that apply to this machine, in pip's format."""
    for line in requires(package) or []:
        requirement = Requirement(line)
        if requirement.name in EXCLUDED:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            requirement.marker = None
            yield str(requirement)
    yield TORCH


if __name__ == "__main__":
    print("\n".join(requirements_of(sys.argv[1])))
