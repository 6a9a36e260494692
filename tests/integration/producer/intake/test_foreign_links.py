"""Symbolic links of other users are never followed below an input folder."""

import os
from pathlib import Path

import pytest

from producer.intake.expansion import stream_inputs
from producer.intake.input_file import input_file
from shared.domain.errors import NotADocument
from tests.conftest import SettingsFactory

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes links of other users")
OTHER_UID = 65_534


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder with a document; another folder holds a file that its owner alone may read."""
    for name in ("inbox", "private"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.pdf").write_bytes(name.encode())
    return tmp_path / "inbox"


def link(path: Path, target: str | Path, uid: int | None = None) -> Path:
    path.symlink_to(target)
    if uid is not None:
        os.lchown(path, uid, uid)
    return path


def content(path: Path, tmp_path: Path, below: Path | None = None) -> bytes:
    with input_file(path, tmp_path, below) as file:
        return file.stream.read()


@pytest.mark.parametrize("target", ["../private/a.pdf", "./../inbox/../private/a.pdf"])
def test_a_link_of_this_user_is_followed(inbox: Path, tmp_path: Path, target: str) -> None:
    path = link(inbox / "mine.pdf", target)

    assert content(path, tmp_path) == content(path, tmp_path, inbox) == b"private"


def test_links_to_folders_and_to_links_are_followed(inbox: Path, tmp_path: Path) -> None:
    link(inbox / "folder", tmp_path / "private")
    link(inbox / "again", "folder")

    assert content(inbox / "again" / "a.pdf", tmp_path, inbox) == b"private"


def test_links_in_a_circle_are_refused_in_words(inbox: Path, tmp_path: Path) -> None:
    link(inbox / "one.pdf", "two.pdf")
    link(inbox / "two.pdf", "one.pdf")

    with pytest.raises(NotADocument, match="Too many levels of symbolic links"):
        content(inbox / "one.pdf", tmp_path)


@needs_root
@pytest.mark.parametrize("expanded", [True, False])
def test_a_file_link_of_another_user_is_refused(
    inbox: Path, tmp_path: Path, expanded: bool
) -> None:
    path = link(inbox / "theirs.pdf", "../private/a.pdf", OTHER_UID)

    with pytest.raises(NotADocument, match="belongs to another user"):
        content(path, tmp_path, inbox if expanded else None)


@needs_root
def test_a_folder_link_of_another_user_below_the_input_folder_is_refused(
    inbox: Path, tmp_path: Path
) -> None:
    path = link(inbox / "sub", "../private", OTHER_UID) / "a.pdf"

    with pytest.raises(NotADocument, match="the symbolic link sub belongs to another user"):
        content(path, tmp_path, inbox)
    # The user named this path, and with it the link.
    assert content(path, tmp_path) == b"private"


@needs_root
def test_a_link_of_another_user_in_the_target_of_an_own_link_is_refused(
    inbox: Path, tmp_path: Path
) -> None:
    link(inbox / "sub", "../private", OTHER_UID)

    with pytest.raises(NotADocument, match="belongs to another user"):
        content(link(inbox / "mine.pdf", "sub/a.pdf"), tmp_path)


@needs_root
@pytest.mark.parametrize("word", ["{}", "{}/*/*.pdf", "{}/**/*.pdf"])
def test_folders_and_patterns_give_no_file_behind_a_link_of_another_user(
    inbox: Path, tmp_path: Path, settings: SettingsFactory, word: str
) -> None:
    link(inbox / "sub", "../private", OTHER_UID)
    link(inbox / "theirs.pdf", "../private/a.pdf", OTHER_UID)

    for found in stream_inputs([word.format(inbox)], None, settings()):
        try:
            assert content(found.path, tmp_path, found.folder) == b"inbox"
        except NotADocument as error:
            assert "belongs to another user" in error.message
