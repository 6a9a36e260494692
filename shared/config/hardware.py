"""Detects GPUs and installed packages without importing the packages."""

import importlib.util
import shutil
import subprocess
from functools import cache
from pathlib import Path

from shared.config.environment import helper_environment
from shared.domain.catalogue import CATALOGUE, AutoStart


@cache
def gpu_ids() -> tuple[str, ...]:
    """Indices of the NVIDIA GPUs that nvidia-smi lists, as text."""
    return tuple(line for line in _ask_driver("index") if line.isdigit())


@cache
def gpu_memory() -> tuple[int, ...]:
    """Memory of each NVIDIA GPU in MiB."""
    return tuple(int(line) for line in _ask_driver("memory.total") if line.isdigit())


@cache
def gpu_generations() -> tuple[int, ...]:
    """Major compute capability of each NVIDIA GPU: 8 Ampere, 9 Hopper, 10 Blackwell."""
    majors = (line.partition(".")[0] for line in _ask_driver("compute_cap"))
    return tuple(int(major) for major in majors if major.isdigit())


def _ask_driver(fact: str) -> tuple[str, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None or not Path(tool).is_absolute():  # PATH may name the working folder
        return ()
    command = [tool, f"--query-gpu={fact}", "--format=csv,noheader,nounits"]
    try:
        shown = subprocess.run(
            command,
            env=helper_environment(),
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in shown.stdout.splitlines() if line.strip())


def has_package(name: str) -> bool:
    """Whether the package ``name`` is installed."""
    return importlib.util.find_spec(name) is not None


def has_nvidia_device() -> bool:
    """Whether this machine has an NVIDIA GPU, with or without the driver's tools."""
    return Path("/dev/nvidia0").exists() or bool(gpu_ids())


def local_engine() -> str:
    """The engine that ``auto`` starts here: the first in the catalogue whose needs are met."""
    return next(name for name, facts in CATALOGUE.items() if _can_start(facts.auto_start))


def _can_start(needs: AutoStart | None) -> bool:
    if needs is None:
        return False
    return all(map(has_package, needs.packages)) and (has_nvidia_device() or not needs.gpu)
