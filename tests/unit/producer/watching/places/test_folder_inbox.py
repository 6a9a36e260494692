"""A folder inbox skips what it can't use, and tells it once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.watching.places.folder import FolderInbox
from producer.watching.places.folder_walk import MAX_FOLDERS, MAX_TOLD
from producer.watching.places.place import Unreadable
from shared.domain.errors import NotFound, StoreUnreachable, TooLarge
from tests.support.deep_folders import nested, remove_deep
from tests.support.other_user import without_root_rights


class Room:
    """An inbox and what it told."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "inbox"
        self.root.mkdir(parents=True)
        self.told: list[str] = []
        self.inbox = FolderInbox(self.root, folder, lambda error: self.told.append(str(error)))

    def keys(self) -> list[str]:
        """The keys that one scan finds."""
        return [dropped.key for page in self.inbox.scan() for dropped in page.drops]

    def drop(self, key: str, data: bytes = b"%PDF-") -> None:
        """Write a file."""
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_bytes(data)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """An empty inbox in folders that every user may enter."""
    changed = [folder for folder in (tmp_path, *tmp_path.parents) if folder.owner() == "root"]
    modes = [(folder, folder.stat().st_mode & 0o7777) for folder in changed]
    for folder, mode in modes:
        folder.chmod(mode | 0o055)
    yield Room(tmp_path)
    remove_deep(tmp_path / "inbox")
    for folder, mode in modes:
        folder.chmod(mode)


def test_a_scan_finds_files_of_all_folders_in_order(room: Room) -> None:
    for key in ("b/x.pdf", "a/z/x.pdf", "a/x.pdf", "x.pdf"):
        room.drop(key)

    assert room.keys() == ["x.pdf", "a/x.pdf", "a/z/x.pdf", "b/x.pdf"]
    assert room.told == []


def test_a_deep_folder_is_skipped_and_told_once_and_the_others_are_scanned(room: Room) -> None:
    nested(room.root, 1200)
    room.drop("other/x.pdf")

    assert room.keys() == ["other/x.pdf"]
    assert room.keys() == ["other/x.pdf"]
    assert len(room.told) == 1
    assert "more than" in room.told[0]


def test_a_path_longer_than_the_kernel_allows_is_scanned_and_read(room: Room) -> None:
    nested(room.root, 16, "n" * 254)
    room.drop("x.pdf")

    (short, long) = [dropped for page in room.inbox.scan() for dropped in page.drops]

    assert len(str(room.root / long.key)) > 4096 > len(long.key.encode())
    assert room.inbox.head(long, 4) == b""
    assert short.key == "x.pdf"


def test_folders_up_to_the_limit_are_scanned(room: Room) -> None:
    nested(room.root, MAX_FOLDERS)

    assert room.keys() == ["n/" * MAX_FOLDERS + "deep.pdf"]


def test_a_folder_that_may_not_be_entered_is_skipped_and_told_once(room: Room) -> None:
    room.drop("closed/x.pdf")
    room.drop("open/x.pdf")
    (room.root / "closed").chmod(0)

    with without_root_rights():
        assert [room.keys(), room.keys()] == [["open/x.pdf"]] * 2
        assert room.inbox.stat("closed/x.pdf") is None

    (room.root / "closed").chmod(0o755)
    assert len(room.told) == 1
    assert "Permission denied" in room.told[0]
    assert room.keys() == ["closed/x.pdf", "open/x.pdf"]


def test_an_inbox_that_may_not_be_entered_is_an_outage(room: Room) -> None:
    room.drop("x.pdf")
    room.root.chmod(0)

    with without_root_rights():
        with pytest.raises(StoreUnreachable, match="check its permissions"):
            room.keys()
        with pytest.raises(StoreUnreachable, match="check its permissions"):
            room.inbox.stat("x.pdf")

    room.root.chmod(0o755)


def test_names_that_are_not_utf8_are_told_and_long_names_are_found(room: Room) -> None:
    (room.root / os.fsdecode(b"not \xff text.pdf")).write_bytes(b"x")
    room.drop("n" * 251 + ".pdf")

    assert room.keys() == ["n" * 251 + ".pdf"]
    assert len(room.told) == 1
    assert "not UTF-8" in room.told[0]


def test_many_skipped_names_are_told_in_few_lines(room: Room) -> None:
    for number in range(3 * MAX_TOLD):
        (room.root / os.fsdecode(b"\xff%d" % number)).write_bytes(b"x")

    room.keys()
    room.keys()

    assert len(room.told) == MAX_TOLD + 1
    assert f"{2 * MAX_TOLD} more" in room.told[-1]


def test_an_unreadable_file_has_a_version_until_it_is_changed(room: Room) -> None:
    room.drop("x.pdf")
    (room.root / "x.pdf").chmod(0)
    with without_root_rights():
        ((before,),) = [page.drops for page in room.inbox.scan()]
        version = room.inbox.version(before)
        assert version.startswith("unreadable:")
        with pytest.raises(Unreadable, match="give the user of the watcher access"):
            room.inbox.head(before, 5)

    (room.root / "x.pdf").chmod(0o644)
    ((after,),) = [page.drops for page in room.inbox.scan()]

    assert after != before
    assert room.inbox.version(after) != version


def test_reading_by_name_distinguishes_a_missing_file_from_an_unusable_one(room: Room) -> None:
    os.mkfifo(room.root / "pipe")
    (room.root / "folder").mkdir()
    (room.root / "loop").symlink_to("loop")
    room.drop("large", b"x" * 101)
    room.drop("closed", b"x")
    (room.root / "closed").chmod(0)

    for name in ("pipe", "folder", "loop"):
        with pytest.raises(Unreadable):
            room.inbox.read(name, 100)
    with pytest.raises(TooLarge):
        room.inbox.read("large", 100)
    with pytest.raises(NotFound):
        room.inbox.read("missing", 100)
    with without_root_rights(), pytest.raises(Unreadable):
        room.inbox.read("closed", 100)
