"""No tracked file contains a key, token or password."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

MAX_BYTES = 2_000_000
SECRETS = {
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{40,}",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "API key": r"\bsk-[A-Za-z0-9_-]{32,}\b",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "PyPI token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
}


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("needs a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.stat().st_size < MAX_BYTES]


def test_no_file_holds_a_secret() -> None:
    texts = {path: path.read_text(errors="replace") for path in _files()}

    secrets = [
        (path.relative_to(ROOT), kind)
        for path, text in texts.items()
        for kind, pattern in SECRETS.items()
        if re.search(pattern, text)
    ]

    assert secrets == []


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("AWS key", ("AKIA", "IOSFODNN7EXAMPLE")),
        ("private key", ("-----BEGIN RSA ", "PRIVATE KEY-----")),
        ("GitHub token", ("ghp_", "a1" * 18)),
    ],
)
def test_each_pattern_finds_its_kind_of_secret(kind: str, parts: tuple[str, str]) -> None:
    # Split in two, so that this file contains no match itself.
    assert re.search(SECRETS[kind], "".join(parts))
