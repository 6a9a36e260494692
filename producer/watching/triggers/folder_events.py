"""The trigger for folders: change notifications of the kernel.

Polling finds every file too, so a notification that the kernel drops only costs time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import watchfiles
from watchfiles import Change

from producer.watching.places.folder_walk import walk
from producer.watching.triggers import inotify
from producer.watching.triggers.trigger import TriggerContext
from producer.watching.work_queue import MAX_WAITING
from shared.domain.errors import NotFound

#: Changes are collected for this long before they are reported.
GATHER_MS = 100
Report = Callable[[Exception], None]
Watch = Callable[[Path, Callable[[], bool], Report], Iterable[str]]


class FolderEvents:
    """A Trigger; ``watch`` yields keys like ``inotify.watch_folder``."""

    def __init__(self, context: TriggerContext, watch: Watch | None = None) -> None:
        self._root = context.folder
        self._work_queue = context.work_queue
        self._stop = context.stop
        self._event_log = context.event_log
        self._watch = watch or (inotify.watch_folder if inotify.is_supported() else _watch_files)

    def start(self) -> None:
        """Nothing to acquire."""

    def loops(self) -> Sequence[Callable[[], None]]:
        """One loop."""
        return (self._add_changes,)

    def stop(self) -> None:
        """Nothing to release."""

    def _add_changes(self) -> None:
        try:
            for key in self._watch(self._root, self._stop.is_set, self._event_log.warning):
                # Files beyond the limit are left to polling, which needs no memory for them.
                if self._work_queue.events_waiting() < MAX_WAITING:
                    self._work_queue.add_event(key)
        except (OSError, RuntimeError, NotFound) as error:
            self._event_log.warning(error)  # polling continues


def _watch_files(root: Path, is_stopped: Callable[[], bool], _: Report) -> Iterator[str]:
    """The notifications of other systems, which do not follow links."""
    changes = watchfiles.watch(
        root,
        watch_filter=None,
        step=GATHER_MS,
        debounce=GATHER_MS * 4,
        rust_timeout=1000,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for changed in changes:
        if is_stopped():
            return
        for change, path in changed:
            if change != Change.deleted and Path(path).is_relative_to(root):
                yield from _below(root, Path(path).relative_to(root).as_posix())


def _below(root: Path, key: str) -> Iterator[str]:
    """The key itself and, of a new folder, the files that were written before its watch."""
    yield key
    folder = root / key
    if folder.is_dir() and not folder.is_symlink():
        for below, _ in walk(folder, lambda *_: None):
            yield below if key == "." else f"{key}/{below}"
