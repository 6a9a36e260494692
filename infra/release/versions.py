"""Checks that package, chart, images, changelog and tag name the same version.

Usage: ``python infra/release/versions.py [TAG]``. Prints the version; with a tag such as v0.2.0
the changelog must have a dated section of that version and nothing unreleased.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IMAGES = (
    "infra/compose.yaml",
    "infra/docker/Dockerfile",
    "infra/docker/Dockerfile.gpu",
)


def version_of(root: Path) -> str:
    """The version of the package."""
    return _found(r'^__version__ = "([^"]+)"$', root / "shared" / "__init__.py")[0]


def disagreements(root: Path, tag: str | None = None) -> Iterator[str]:
    """One line for each place that names another version."""
    version = version_of(root)
    chart = root / "helm" / "pagefleet" / "Chart.yaml"
    for name in ("version", "appVersion"):
        yield from _differing(rf'^{name}: "?([^"\s]+)"?$', chart, version, name)
    for path in _IMAGES:
        pattern = r"pagefleet/pagefleet(?:-gpu)?:(\d\S*)"
        yield from _differing(pattern, root / path, version, "image tag")
    if tag is not None:
        yield from _tag_problems(root, version, tag)


def _differing(pattern: str, path: Path, version: str, what: str) -> Iterator[str]:
    found = _found(pattern, path)
    if not found:
        yield f"{path.name} has no {what}"
    for each in sorted({each for each in found if each != version}):
        yield f"{path.name}: {what} {each} is not the package's version {version}"


def _tag_problems(root: Path, version: str, tag: str) -> Iterator[str]:
    if tag != f"v{version}":
        yield f"the tag is {tag}, and the package's version needs v{version}"
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M):
        yield f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD'"
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if unreleased is not None and unreleased[1].strip():
        yield "CHANGELOG.md still has entries under Unreleased; move them to the version's section"


def _found(pattern: str, path: Path) -> list[str]:
    return re.findall(pattern, path.read_text("utf-8"), re.M)


def main(words: list[str]) -> int:
    """Print the version, or the disagreements to standard error."""
    problems = list(disagreements(ROOT, *words[:1]))
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(version_of(ROOT))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
