"""Runs the engine on an event loop in its own thread, for many page threads."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from workers.engines.contract import Engine

_Result = TypeVar("_Result")
STOP_TIMEOUT_S = 20
PULSE_S = 2.0


class EngineHost:
    """Owns the event loop; every coroutine of the engine runs on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._loop = asyncio.new_event_loop()
        self._pulse: Future[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)

    def start(self) -> None:
        """Load the engine; raises what its ``start`` raises."""
        self._thread.start()
        self.submit(self.engine.start()).result()

    def pulse(self, beat: Callable[[], None]) -> None:
        """Call ``beat`` every two seconds on the loop, so that a stuck loop is noticed."""

        async def beat_forever() -> None:
            while True:
                beat()
                await asyncio.sleep(PULSE_S)

        self._pulse = self.submit(beat_forever())

    def submit(self, coroutine: Coroutine[Any, Any, _Result]) -> "Future[_Result]":
        """Run ``coroutine`` on the loop; cancelling the future cancels it there."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """Stop the engine and the loop; an engine that is already dead raises nothing."""
        if self._thread.is_alive():
            self._stop_loop()
        if not self._thread.is_alive():
            self._loop.close()

    def _stop_loop(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        try:
            self.submit(self.engine.stop()).result(STOP_TIMEOUT_S)
        except TimeoutError:
            pass  # an engine that does not stop ends with the process
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_TIMEOUT_S)
            if not self._thread.is_alive():
                self._loop.close()
