"""A broker and workers on this machine for a command that watches, while none are configured."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from producer.local.embedded_broker import EmbeddedBroker, use_broker
from producer.local.local_fleet import LocalFleet
from shared.config.settings import Settings
from shared.domain.errors import PagefleetError

#: Seconds that pages in flight may take at the end; they are read again after the next start.
STOP_S = 3.0
#: Seconds between two looks at the processes.
CHECK_S = 1.0


class EmbeddedFleet:
    """A context manager; inside it, ``settings`` name the broker and workers serve ``engine``."""

    def __init__(self, settings: Settings, engine: str) -> None:
        self._configured = settings
        self._engine = engine
        self._stack = ExitStack()

    def __enter__(self) -> "EmbeddedFleet":
        with ExitStack() as stack:
            self._broker = stack.enter_context(EmbeddedBroker(self._configured))
            self.settings = use_broker(self._configured, self._broker)
            self._fleet = stack.enter_context(LocalFleet(self.settings, self._engine))
            self._fleet.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._fleet.stop(STOP_S)
        self._stack.close()

    @contextmanager
    def stopping(self, stop: threading.Event) -> Iterator[None]:
        """Set ``stop`` where a process ends by itself; its error is raised after the block."""
        ended, errors = threading.Event(), list[PagefleetError]()
        checks = threading.Thread(target=self._check, args=(stop, ended, errors), daemon=True)
        checks.start()
        try:
            yield
        finally:
            ended.set()
            checks.join()
        if errors:
            raise errors[0]

    def _check(
        self, stop: threading.Event, ended: threading.Event, errors: list[PagefleetError]
    ) -> None:
        while not ended.wait(CHECK_S):
            try:
                self._broker.check()
                self._fleet.check()
            except PagefleetError as error:
                errors.append(error)
                stop.set()
                return
