"""The built wheel is complete, and its import names belong to no other distribution."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from producer.evaluation import scoring
from producer.intake import inspection
from producer.report import pages
from tests.support.paths import ROOT
from workers.pipeline import rendering_calls

PACKAGES = ("producer", "shared", "workers")
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
USE = """\
from importlib.resources import files
from pathlib import Path
import producer, shared, workers
from shared.schemas import RECORDS, path_of, schema_text
root = Path({root!r})
assert all(Path(package.__file__).is_relative_to(root) for package in (producer, shared, workers))
assert (files("shared.broker") / "lua" / "claim.lua").read_text()
assert all(path_of(name).read_text() == schema_text(each) for name, each in RECORDS.items())
from producer.cli import main
main()
"""


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_owns_an_import_name_of_pagefleet(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"pagefleet"}
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel built now."""
    if find_spec("hatchling") is None:
        if os.environ.get("CI"):
            pytest.fail("hatchling is not installed")
        pytest.skip("hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    with zipfile.ZipFile(folder / built.stdout.strip()) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_module_script_and_schema(unpacked: Path) -> None:
    for package in PACKAGES:
        shipped = {".py", ".lua", ".json"}
        paths = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*")}
        sources = {path for path in paths if path.suffix in shipped}
        expected = {path for path in sources if "__pycache__" not in path.parts}
        assert expected <= {path.relative_to(unpacked) for path in unpacked.rglob("*")}
    assert not (unpacked / "tests").exists()


def test_the_wheel_runs_from_another_folder(unpacked: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", USE.format(root=str(unpacked)), "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("pagefleet, version ")


def test_help_imports_no_heavy_package() -> None:
    heavy = ("celery", "redis", "pydantic", "boto3", "pymupdf", "numpy", "PIL", "rich")
    program = f"import sys, producer.cli; print([m for m in {heavy!r} if m in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_run_imports_no_document_library_in_the_parent_process() -> None:
    heavy = ("boto3", "pymupdf", "numpy", "PIL", "onnxruntime", "opentelemetry.metrics", "valkey")
    program = (
        "import sys, producer.commands.run, producer.commands.submit;"
        "import producer.commands.show_jobs;"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_a_pages_process_imports_nothing_that_only_its_helpers_or_the_reducer_need() -> None:
    drawing = ("numpy", "PIL", "pymupdf", "workers.pipeline.rendering_child")
    merging = ("shared.document.assembly", "shared.document.record", "markdown_it")
    heavy = (*drawing, *merging, "boto3", "opentelemetry.metrics", "opentelemetry.sdk.metrics")
    program = (
        "import sys, workers.cli, workers.process.pages_process, workers.engines.fake.engine;"
        f"print([m for m in {heavy!r} if m in sys.modules]);"
        # The metrics of OpenTelemetry are hidden only while redis is imported.
        "import opentelemetry.sdk.metrics"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_a_control_process_imports_no_library_that_draws() -> None:
    heavy = ("numpy", "PIL", "pymupdf", "boto3", "opentelemetry.metrics")
    program = (
        "import sys, workers.cli, workers.process.control_process, workers.process.start;"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "preload",
    [inspection.PRELOAD, pages.PRELOAD, scoring.PRELOAD, rendering_calls.PRELOAD],
    ids=["intake", "report", "evaluate", "draw"],
)
def test_a_helper_process_imports_no_settings_and_no_broker(preload: tuple[str, ...]) -> None:
    heavy = ("redis", "kombu", "celery", "boto3", "pydantic_settings", "shared.config.settings")
    program = f"import sys, {','.join(preload)}; print([m for m in {heavy!r} if m in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def test_counting_pages_imports_no_layout_model() -> None:
    program = (
        "import sys, producer.intake.inspection_child;"
        "print('onnxruntime' in sys.modules, 'pymupdf4llm' in sys.modules);"
        "import pymupdf.layout; print('onnxruntime' in sys.modules)"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == ["False", "False", "True"]
