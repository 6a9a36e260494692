"""Commands that write into a folder replace no file of another document."""

import os
from pathlib import Path

import pytest

from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import CommandResult, in_process
from tests.support.fleets.stored_jobs import ended_job


class Fetches:
    """Two ended jobs of different documents, both named book, and a folder for them."""

    def __init__(self, settings: SettingsFactory, folder: Path) -> None:
        self.config = settings()
        self.folder = folder
        jobs = JobStore(open_store(self.config))
        self.first = ended_job(jobs, [{"markdown": "the first"}], sha256="a" * 64).job_id
        self.second = ended_job(jobs, [{"markdown": "the second"}], sha256="b" * 64).job_id

    def fetch(self, job_id: str, *words: str) -> CommandResult:
        return in_process(self.config, "fetch", job_id, "-o", str(self.folder), *words)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def fetches(settings: SettingsFactory, tmp_path: Path) -> Fetches:
    return Fetches(settings, tmp_path / "out")


def test_another_document_of_the_same_name_gets_a_number(fetches: Fetches) -> None:
    fetches.fetch(fetches.first)
    fetched = fetches.fetch(fetches.second)

    assert "the first" in fetches.text("book.md")
    assert "the second" in fetches.text("book-2.md")
    assert str(fetches.folder / "book-2.md") in fetched.out
    assert "book.md is not of this document; --overwrite replaces it" in fetched.out


def test_a_document_that_is_written_again_keeps_its_name(fetches: Fetches) -> None:
    for _ in range(2):
        fetches.fetch(fetches.first)
        fetches.fetch(fetches.second, "--page-breaks", "none")

    assert sorted(path.name for path in fetches.folder.glob("*.md")) == ["book-2.md", "book.md"]
    assert "the second" in fetches.text("book-2.md")


def test_a_file_of_the_user_is_not_replaced(fetches: Fetches) -> None:
    fetches.folder.mkdir()
    (fetches.folder / "book.md").write_text("my notes")

    fetches.fetch(fetches.first)

    assert fetches.text("book.md") == "my notes"
    assert "the first" in fetches.text("book-2.md")


def test_overwrite_replaces_the_file_of_another_document(fetches: Fetches) -> None:
    fetches.fetch(fetches.first)
    fetches.fetch(fetches.second, "--overwrite")

    assert "the second" in fetches.text("book.md")
    assert not (fetches.folder / "book-2.md").exists()


@pytest.mark.parametrize("name", ["book.json", "book.md"])
def test_a_pipe_in_place_of_a_file_does_not_block_the_command(fetches: Fetches, name: str) -> None:
    fetches.folder.mkdir(exist_ok=True)
    os.mkfifo(fetches.folder / name)

    fetches.fetch(fetches.first)

    assert "the first" in fetches.text("book-2.md")
