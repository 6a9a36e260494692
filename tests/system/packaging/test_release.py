"""The steps of a release that need no container engine, and the rules of its workflow."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import __version__
from tests.support.paths import ROOT

RELEASE = ROOT / "infra" / "release"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
VERSIONED = (
    "shared/__init__.py",
    "helm/pagefleet/Chart.yaml",
    "infra/compose.yaml",
    "infra/docker/Dockerfile",
    "infra/docker/Dockerfile.gpu",
    "infra/release/versions.py",
    "CHANGELOG.md",
)


def script(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one script of the release."""
    command = [sys.executable, str(path), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all artifacts."""
    folder = tmp_path_factory.mktemp("release") / "files"
    ended = script(RELEASE / "artifacts.py", str(folder))
    assert ended.returncode == 0, ended.stderr
    return folder


def test_a_release_has_package_chart_boms_and_checksums_of_all(built: Path) -> None:
    lines = (built / "SHA256SUMS").read_text().splitlines()
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in lines}

    assert set(sums) == {
        f"pagefleet-{__version__}-py3-none-any.whl",
        f"pagefleet-{__version__}.tar.gz",
        f"pagefleet-{__version__}.tgz",
        "sbom-image-gpu.cdx.json",
        "sbom-image.cdx.json",
        "sbom-package.cdx.json",
    }
    for name, digest in sums.items():
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(built / f"pagefleet-{__version__}-py3-none-any.whl") as wheel:
        assert "shared/broker/lua/claim.lua" in wheel.namelist()
    with tarfile.open(built / f"pagefleet-{__version__}.tgz") as chart:
        names = chart.getnames()
    assert "pagefleet/values.schema.json" in names
    assert not [name for name in names if name.startswith("pagefleet/ci/")]


def test_an_sbom_names_every_locked_package_with_its_hashes(built: Path) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, re.M))
    bom = json.loads((built / "sbom-package.cdx.json").read_text())

    assert {each["name"]: each["version"] for each in bom["components"]} == pins
    listed = [h for c in bom["components"] for h in c["externalReferences"][0]["hashes"]]
    assert len(listed) == lock.count("--hash=sha256:")
    assert bom["metadata"]["component"]["version"] == __version__


def test_two_builds_of_one_commit_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert script(RELEASE / "artifacts.py", str(tmp_path / "again")).returncode == 0

    for name in (f"pagefleet-{__version__}-py3-none-any.whl", f"pagefleet-{__version__}.tar.gz"):
        assert (built / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files that name a version."""
    for name in VERSIONED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    """Replace ``old``, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("shared/__init__.py", __version__, "9.9.9", "Chart.yaml: version"),
        ("helm/pagefleet/Chart.yaml", "appVersion: ", "appVersion: 9", "appVersion"),
        ("infra/compose.yaml", f"fleet-gpu:{__version__}", "fleet-gpu:9.9.9", "compose.yaml"),
        ("infra/docker/Dockerfile", f"fleet:{__version__}", "fleet:9.9.9", "Dockerfile"),
    ],
)
def test_a_file_with_another_version_stops_the_release(
    tree: Path, name: str, old: str, new: str, complaint: str
) -> None:
    assert script(tree / "infra/release/versions.py").returncode == 0
    change(tree / name, old, new)

    ended = script(tree / "infra/release/versions.py")

    assert ended.returncode == 1
    assert complaint in ended.stderr


def test_a_tag_needs_its_version_and_a_dated_section_of_the_changelog(tree: Path) -> None:
    changelog = tree / "CHANGELOG.md"
    versions = tree / "infra/release/versions.py"
    changelog.write_text(f"## [Unreleased]\n\n## [{__version__}] - 2030-01-02\n\n- First\n")
    assert script(versions, f"v{__version__}").stdout == f"{__version__}\n"
    assert "v9.9.9" in script(versions, "v9.9.9").stderr

    changelog.write_text(f"## [Unreleased]\n\n- More\n\n## [{__version__}]\n\n- First\n")
    complaints = script(versions, f"v{__version__}").stderr
    assert "no section" in complaints
    assert "under Unreleased" in complaints


def steps(workflow: Path) -> list[dict[str, Any]]:
    """Every step of a workflow."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_and_pins_each_action_by_commit(workflow: Path) -> None:
    tool = Path(sys.executable).parent / "check-jsonschema"
    command = [str(tool), "--builtin-schema", "vendor.github-workflows", str(workflow)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout

    used = re.findall(r"uses: (\S+)(.*)", workflow.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action} does not name its version"
    # Text from outside reaches a shell only as a variable.
    assert not [step for step in steps(workflow) if "${{" in step.get("run", "")]


def test_each_make_target_of_the_workflow_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    scripts = " ".join(step.get("run", "") for path in WORKFLOWS for step in steps(path))

    assert "release" in re.findall(r"\bmake ([a-z-]+)", scripts)
    assert set(re.findall(r"\bmake ([a-z-]+)", scripts)) <= targets
    assert (ROOT / ".ci" / "run").exists()


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_images_are_built_on_a_digest(name: str) -> None:
    text = (ROOT / "infra/docker" / name).read_text()

    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.M)
    assert bases
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert all(base.startswith("${") for base in re.findall(r"^FROM (\S+)", text, re.M))


def test_the_compose_file_pins_the_images_of_others_by_digest() -> None:
    services = yaml.safe_load((ROOT / "infra/compose.yaml").read_text())["services"]
    images = {each["image"] for each in services.values()}

    others = {image for image in images if not image.startswith("pagefleet/")}
    assert others
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image) for image in others)
