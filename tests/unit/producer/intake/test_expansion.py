"""Words of a command line become single documents, in order."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from producer.intake.expansion import expand_inputs
from producer.intake.input import Input
from shared.domain.errors import NotADocument, UsageError
from tests.conftest import SettingsFactory
from tests.support.paths import ROOT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with documents and other things, which is the working folder."""
    for name in ("b.pdf", "a.PNG", "notes.txt", "in/c.tiff", "in/deep/d.WebP", "in/[x].pdf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["b.pdf", "a.PNG"], ["b.pdf", "a.PNG"]),
        (["notes.txt"], ["notes.txt"]),
        (["missing.pdf"], ["missing.pdf"]),
        (["in"], ["in/[x].pdf", "in/c.tiff", "in/deep/d.WebP"]),
        (["*"], ["a.PNG", "b.pdf", "notes.txt"]),
        (["in/**/*.W*"], ["in/deep/d.WebP"]),
        (["in/[x].pdf"], ["in/[x].pdf"]),
        (["b.pdf", "in/*.tiff", "b.pdf"], ["b.pdf", "in/c.tiff", "b.pdf"]),
    ],
)
def test_files_folders_and_globs_are_expanded_in_their_order(
    tree: Path, settings: SettingsFactory, words: list[str], found: list[str]
) -> None:
    inputs = expand_inputs(words, None, settings())

    assert [item.word for item in inputs] == found
    assert all(item.problem is None for item in inputs)


@pytest.mark.parametrize("word", ["*.gif", "empty"])
def test_a_word_that_yields_nothing_is_an_input_with_a_problem(
    tree: Path, settings: SettingsFactory, word: str
) -> None:
    (tree / "empty").mkdir()

    first, second = expand_inputs([word, "b.pdf"], None, settings())

    assert isinstance(first.problem, NotADocument)
    assert (first.word, second.problem) == (word, None)


def test_links_that_lead_nowhere_are_no_reason_to_be_silent(
    tree: Path, settings: SettingsFactory
) -> None:
    (tree / "in" / "gone.pdf").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    # Nobody writes into it: opening it would wait for ever.
    (tree / "in" / "pipe.pdf").symlink_to(tree / "pipe")

    found = [item.word for item in expand_inputs(["in"], None, settings())]

    assert "in/gone.pdf" in found and "in/pipe.pdf" not in found


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes root's rights away")
@pytest.mark.parametrize(
    ("word", "found"),
    [("in", ["in/deep *", "in/[x].pdf", "in/c.tiff"]), ("in/deep", ["in/deep *"])],
)
def test_a_folder_that_may_not_be_read_is_an_input_with_a_problem(
    tree: Path, word: str, found: list[str]
) -> None:
    script = (
        "import sys; from producer.intake.expansion import expand_inputs; "
        "from shared.config.settings import build_settings; "
        "inputs = expand_inputs(sys.argv[1:], None, build_settings({})); "
        "print('|'.join(i.word + ' *' * ('denied' in str(i.problem)) for i in inputs))"
    )
    rights = "-dac_override,-dac_read_search"
    (tree / "in" / "deep").chmod(0)
    try:
        shown = subprocess.run(
            ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] * (os.geteuid() == 0)
            + [sys.executable, "-c", script, word],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        (tree / "in" / "deep").chmod(0o755)

    assert shown.stdout.strip().split("|") == found


def test_a_file_uri_names_a_file(tree: Path, settings: SettingsFactory) -> None:
    path = tree / "with 100% ü.pdf"
    path.touch()

    (item,) = expand_inputs([path.as_uri()], None, settings())

    assert (item.path, item.name) == (path, "with 100% ü.pdf")


@pytest.mark.parametrize("words", [[], ["-", "-"], ["s3://"], ["s3://b*d/x"]])
def test_words_that_make_no_sense_are_usage_errors(
    settings: SettingsFactory, words: list[str]
) -> None:
    with pytest.raises(UsageError):
        expand_inputs(words, None, settings())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("/some/where/a.pdf", "a.pdf"),
        ("a\nb.pdf", "a\nb.pdf"),
        ("caf\udce9.pdf", "caf?.pdf"),
    ],
)
def test_a_document_is_called_by_its_file_name_as_text(word: str, name: str) -> None:
    assert Input(word, "file").name == name
