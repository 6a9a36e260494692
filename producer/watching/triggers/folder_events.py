"""The trigger for folders: what the kernel says has changed, or a look now and then.

Files are found by looks all the same, so what the kernel's queue drops is only late.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, watch

from producer.watching.work_queue import MAX_WAITING, WorkQueue

#: Changes are gathered for so long before they are told.
GATHER_MS = 100


class FolderEvents:
    """One thread of a watcher."""

    def __init__(
        self,
        root: Path,
        work_queue: WorkQueue,
        stop: threading.Event,
        report: Callable[[Exception], None],
    ) -> None:
        self._root = root
        self._work_queue = work_queue
        self._stop = stop
        self._report = report

    def run(self) -> None:
        """Ask for every changed file, until the watcher stops or the kernel can't tell."""
        try:
            for changes in watch(
                self._root,
                watch_filter=None,
                step=GATHER_MS,
                debounce=GATHER_MS * 4,
                stop_event=self._stop,
                recursive=True,
                raise_interrupt=False,
            ):
                for change, path in changes:
                    if change != Change.deleted:
                        self._add_below(Path(path))
        except (OSError, RuntimeError) as error:
            self._report(error)  # looks go on

    def _add_below(self, path: Path) -> None:
        # What was written into a new folder before the kernel was asked about it is not told.
        for folder, _, names in os.walk(path, followlinks=False):
            for name in names:
                self._add(Path(folder, name))
        self._add(path)

    def _add(self, path: Path) -> None:
        # Many at once are left to the next look, which needs no memory for them.
        if self._work_queue.events_waiting() < MAX_WAITING and path.is_relative_to(self._root):
            self._work_queue.add_event(path.relative_to(self._root).as_posix())
