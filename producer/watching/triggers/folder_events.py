"""The trigger for folders: what the kernel says has changed, or a look now and then.

Files are found by looks all the same, so what the kernel's queue drops is only late.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, watch

from producer.watching.work_queue import WAITING, Reception

#: Changes are gathered for so long before they are told.
GATHER_MS = 100


class FolderEvents:
    """One thread of a watcher."""

    def __init__(
        self,
        root: Path,
        reception: Reception,
        stop: threading.Event,
        trouble: Callable[[Exception], None],
    ) -> None:
        self._root = root
        self._reception = reception
        self._stop = stop
        self._trouble = trouble

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
                        self._ask_below(Path(path))
        except (OSError, RuntimeError) as error:
            self._trouble(error)  # looks go on

    def _ask_below(self, path: Path) -> None:
        # What was written into a new folder before the kernel was asked about it is not told.
        for folder, _, names in os.walk(path, followlinks=False):
            for name in names:
                self._ask(Path(folder, name))
        self._ask(path)

    def _ask(self, path: Path) -> None:
        # Many at once are left to the next look, which needs no memory for them.
        if self._reception.waiting() < WAITING and path.is_relative_to(self._root):
            self._reception.ask(path.relative_to(self._root).as_posix())
