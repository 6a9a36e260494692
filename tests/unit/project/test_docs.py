"""The documentation agrees with the code, and its links and paths exist."""

import re
import tomllib
from pathlib import Path

import pytest

from shared.config import engines_doc
from shared.config.settings import Settings
from shared.config.settings_doc import PATH, page
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def test_the_settings_page_is_up_to_date() -> None:
    assert PATH.read_text() == page()


def test_docs_and_chart_name_the_engines_of_the_code() -> None:
    assert engines_doc.DOCS_PAGE.read_text() == engines_doc.docs_page(
        engines_doc.DOCS_PAGE.read_text()
    )
    assert engines_doc.CHART_FILE.read_text() == engines_doc.chart_file()


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_file_that_a_page_links_to_exists(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [
        target for target in targets if "://" not in target and not target.startswith("mailto:")
    ]

    assert [target for target in local if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_make_target_that_a_page_names_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set(re.findall(r"\bmake ([a-z][a-z-]+)\b", " ".join(_code(path.read_text()))))

    assert named <= targets


def _code(text: str) -> list[str]:
    return re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL)


def test_every_path_that_the_architecture_page_names_exists() -> None:
    text = re.sub(r"```.*?```", "", ARCHITECTURE.read_text(), flags=re.DOTALL)
    paths = re.findall(r"`((?:producer|shared|workers|tests|benchmarks)/[\w./]*)`", text)

    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("folder", ["producer", "shared", "workers"])
def test_the_architecture_page_names_every_package_of_a_folder(folder: str) -> None:
    (row,) = re.findall(rf"^\| `{folder}/` \|(.*)\|$", ARCHITECTURE.read_text(), re.MULTILINE)
    named = set(re.findall(r"`([\w-]+)`", row)) - {"pagefleet", "pagefleet-worker"}

    assert named == {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}


def test_the_page_of_dependencies_gives_a_reason_for_every_package() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = pyproject["project"]["optional-dependencies"]
    groups = [pyproject["project"]["dependencies"], *extras.values()]
    groups += pyproject["dependency-groups"].values()
    words = [word for group in groups for word in group if isinstance(word, str)]
    packages = {re.split(r"[\[=<>; ]", word)[0] for word in words}

    page = (DOCS / "development" / "dependencies.md").read_text()
    first_columns = re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)
    named = {name for column in first_columns for name in re.split(r"[, ()`]+", column)}

    assert packages - named == set()
