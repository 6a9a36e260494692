"""Waiting items, one queue for each top-level folder of an inbox; the folders take turns.

So a user who fills one folder delays only that folder.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


def top_folder(key: str) -> str:
    """The top-level folder of a key; "" for keys that are in none."""
    folder, slash, _ = key.partition("/")
    return folder if slash else ""


def may_take(own: int, used: int, places: int) -> bool:
    """Whether a folder that has ``own`` of ``used`` places may take one more.

    A folder takes at most as many places as it leaves free. So it gets half of all places, the
    next one half of the rest, and the last place is for a folder that has none.
    """
    return own < places - used


class FolderTurns(Generic[Item]):
    """Urgent items come before others of their folder; not thread-safe."""

    def __init__(self) -> None:
        #: (urgent, other) items of each folder, in the order of the turns.
        self._folders: dict[str, tuple[deque[Item], deque[Item]]] = {}
        self._urgent = 0
        self._others = 0

    @property
    def urgent(self) -> int:
        """How many urgent items wait."""
        return self._urgent

    @property
    def others(self) -> int:
        """How many other items wait."""
        return self._others

    def others_of(self, folder: str) -> int:
        """How many items that are not urgent wait in one folder."""
        queues = self._folders.get(folder)
        return len(queues[1]) if queues else 0

    def add(self, folder: str, item: Item, *, is_urgent: bool) -> None:
        """Add an item at the end of its folder."""
        urgent, others = self._folders.setdefault(folder, (deque(), deque()))
        (urgent if is_urgent else others).append(item)
        self._urgent += is_urgent
        self._others += not is_urgent

    def promote(self, folder: str, item: Item) -> None:
        """Make a waiting item urgent."""
        self._folders[folder][1].remove(item)
        self._others -= 1
        self.add(folder, item, is_urgent=True)

    def take(self, may_start: Callable[[str], bool]) -> Item | None:
        """The first item of the next folder that ``may_start``, which then waits for its turn."""
        folder = next((folder for folder in self._folders if may_start(folder)), None)
        if folder is None:
            return None
        urgent, others = self._folders.pop(folder)
        self._urgent -= bool(urgent)
        self._others -= not urgent
        item = (urgent or others).popleft()
        if urgent or others:
            self._folders[folder] = (urgent, others)
        return item
