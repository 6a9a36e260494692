"""INPUT words are expanded into single inputs, in order."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from producer.intake.expansion import stream_inputs
from producer.intake.input import Input
from shared.domain.errors import NotADocument, UsageError
from tests.conftest import SettingsFactory
from tests.support.paths import ROOT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with documents and other files."""
    for name in ("b.pdf", "a.PNG", "notes.txt", "in/c.tiff", "in/deep/d.WebP", "in/[x].pdf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
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
    tree: Path, settings: SettingsFactory, words: list[str], expected: list[str]
) -> None:
    inputs = stream_inputs(words, None, settings())

    assert [input_.word for input_ in inputs] == expected
    assert all(input_.problem is None for input_ in inputs)


@pytest.mark.parametrize("word", ["*.gif", "empty"])
def test_a_word_without_matches_is_an_input_with_a_problem(
    tree: Path, settings: SettingsFactory, word: str
) -> None:
    (tree / "empty").mkdir()

    first, second = stream_inputs([word, "b.pdf"], None, settings())

    assert isinstance(first.problem, NotADocument)
    assert (first.word, second.problem) == (word, None)


def test_a_broken_link_is_an_input_and_a_pipe_is_not(tree: Path, settings: SettingsFactory) -> None:
    (tree / "in" / "gone.pdf").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    # A pipe without a writer: opening it would block.
    (tree / "in" / "pipe.pdf").symlink_to(tree / "pipe")

    words = [input_.word for input_ in stream_inputs(["in"], None, settings())]

    assert "in/gone.pdf" in words
    assert "in/pipe.pdf" not in words


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes root's rights away")
@pytest.mark.parametrize(
    ("word", "expected"),
    [("in", ["in/deep *", "in/[x].pdf", "in/c.tiff"]), ("in/deep", ["in/deep *"])],
)
def test_an_unreadable_folder_is_an_input_with_a_problem(
    tree: Path, word: str, expected: list[str]
) -> None:
    script = (
        "import sys; from producer.intake.expansion import stream_inputs; "
        "from shared.config.settings import build_settings; "
        "inputs = stream_inputs(sys.argv[1:], None, build_settings({})); "
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

    assert shown.stdout.strip().split("|") == expected


def test_a_file_uri_names_a_file(tree: Path, settings: SettingsFactory) -> None:
    path = tree / "with 100% ü.pdf"
    path.touch()

    (input_,) = stream_inputs([path.as_uri()], None, settings())

    assert (input_.path, input_.name) == (path, "with 100% ü.pdf")


@pytest.mark.parametrize("words", [[], ["-", "-"], ["s3://"], ["s3://b*d/x"]])
def test_invalid_words_are_usage_errors(settings: SettingsFactory, words: list[str]) -> None:
    with pytest.raises(UsageError):
        stream_inputs(words, None, settings())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("/some/where/a.pdf", "a.pdf"),
        ("a\nb.pdf", "a\nb.pdf"),
        ("caf\udce9.pdf", "caf?.pdf"),
    ],
)
def test_the_name_of_a_document_is_its_file_name_as_text(word: str, name: str) -> None:
    assert Input(word, "file").name == name
