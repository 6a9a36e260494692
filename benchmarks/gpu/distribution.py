"""Lets vLLM find pagefleet's plugin if pagefleet is on PYTHONPATH but not installed."""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from shared import __version__

NAME = "pagefleet"
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def is_installed() -> bool:
    """Whether pagefleet is installed as a package."""
    try:
        distribution(NAME)
    except PackageNotFoundError:
        return False
    return True


def write_metadata(folder: Path) -> Path:
    """Write ``pagefleet.dist-info`` with the entry points of pyproject.toml; for PYTHONPATH."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    info = folder / f"{NAME}-{__version__}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    lines = [line for name, points in groups.items() for line in _group(name, points)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {__version__}\n")
    return folder


def _group(name: str, points: dict[str, str]) -> list[str]:
    return [f"[{name}]", *(f"{key} = {value}" for key, value in points.items()), ""]
