"""The trigger for folders: change notifications of the kernel.

Polling finds every file too, so a notification that the kernel drops only costs time.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import watchfiles
from watchfiles import Change

from producer.watching.triggers.trigger import TriggerContext
from producer.watching.work_queue import MAX_WAITING

#: Changes are collected for this long before they are reported.
GATHER_MS = 100
Changes = Iterable[set[tuple[Change, str]]]


class FolderEvents:
    """A Trigger; ``watch`` has the interface of ``watchfiles.watch``."""

    def __init__(
        self, context: TriggerContext, watch: Callable[..., Changes] = watchfiles.watch
    ) -> None:
        self._root = context.folder
        self._work_queue = context.work_queue
        self._stop = context.stop
        self._event_log = context.event_log
        self._watch = watch

    def start(self) -> None:
        """Nothing to acquire."""

    def loops(self) -> Sequence[Callable[[], None]]:
        """One loop."""
        return (self._add_changes,)

    def stop(self) -> None:
        """Nothing to release."""

    def _add_changes(self) -> None:
        try:
            for changes in self._changes():
                for change, path in changes:
                    if change != Change.deleted:
                        self._add_below(Path(path))
        except (OSError, RuntimeError) as error:
            self._event_log.warning(error)  # polling continues

    def _changes(self) -> Changes:
        return self._watch(
            self._root,
            watch_filter=None,
            step=GATHER_MS,
            debounce=GATHER_MS * 4,
            stop_event=self._stop,
            recursive=True,
            raise_interrupt=False,
        )

    def _add_below(self, path: Path) -> None:
        # The kernel does not report files that were written into a new folder before the watch
        # on that folder existed.
        for folder, _, names in os.walk(path, followlinks=False):
            for name in names:
                self._add(Path(folder, name))
        self._add(path)

    def _add(self, path: Path) -> None:
        # Files beyond the limit are left to polling, which needs no memory for them.
        if self._work_queue.events_waiting() < MAX_WAITING and path.is_relative_to(self._root):
            self._work_queue.add_event(path.relative_to(self._root).as_posix())
