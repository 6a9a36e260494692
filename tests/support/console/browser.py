"""Headless Chromium, for tests of HTML pages."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

TIMEOUT_S = 90
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def installed() -> str | None:
    """The path of Chromium; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def chromium(url: str, *flags: str) -> str:
    """The output of headless Chromium for ``url``."""
    browser = installed()
    assert browser is not None, "chromium is not installed"
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-background-networking", "--window-size=1640,800",
            "--virtual-time-budget=8000", f"--user-data-dir={profile}", *flags, url,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S).stdout


def picture(url: str, width: int, height: int, folder: Path) -> Pixels:
    """A screenshot of a window of that size: rows of RGB pixels."""
    path = folder / f"screenshot-{width}.png"
    chromium(url, f"--screenshot={path}", f"--window-size={width},{height}")
    return np.asarray(Image.open(path).convert("RGB"))
