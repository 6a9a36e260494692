"""Sends the script calls of many threads over one connection, those that wait in one round trip.

A round trip costs broker and worker more than a script does. The first thread that calls sends its
own call and then those that came meanwhile; the others wait for it. A call that got no answer is
left to its caller, which repeats it with redis-py's own retries: every script may run twice.
"""

import threading
from typing import Any

from redis import Redis
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    NoScriptError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
)

#: Calls in one round trip.
MOST = 100
#: Answers after which the caller tries again with redis-py itself.
_REPEATED = (ConnectionError, TimeoutError, NoScriptError, BusyLoadingError, ReadOnlyError, OSError)


class NoAnswer(Exception):
    """The call may have run or not; the caller repeats it."""


class _Call:
    """A command and, once it is answered, its answer or an error."""

    def __init__(self, command: tuple[Any, ...]) -> None:
        self.command = command
        self.answer: Any = None
        self.error: Exception | None = NoAnswer()
        #: Held until the call is answered or becomes the first of those that wait.
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.answer


class CombinedCalls:
    """Thread-safe; opens its connection with the first call."""

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._encoder = self._pool.get_encoder()
        self._connection: Any = None
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self._busy = False

    def run(self, *command: Any) -> Any:
        """The answer of the broker; raises NoAnswer, or ResponseError for a refusal."""
        # Encoded here, so that an argument that can't be sent is an error of this call only.
        call = _Call(tuple([self._encoded(each) for each in command]))
        with self._lock:
            self._waiting.append(call)
            must_wait, self._busy = self._busy, True
        if must_wait:
            self._wait(call)
        if not must_wait or call.leads:
            self._lead(call)
        return call.result()

    def _encoded(self, argument: Any) -> bytes:
        if type(argument) is str:  # most are, and redis-py tests for many other types first
            return argument.encode("utf-8", self._encoder.encoding_errors)
        return self._encoder.encode(argument)  # type: ignore[no-any-return,no-untyped-call]

    def _wait(self, call: _Call) -> None:
        """Wait for the answer or the lead; an interrupted thread leaves the lead to another."""
        try:
            call.turn.acquire()
        except BaseException:
            with self._lock:
                if call in self._waiting:
                    self._waiting.remove(call)
                if call.leads:
                    self._hand_on()
            raise

    def _lead(self, own: _Call) -> None:
        """Send the calls that wait, ``own`` among them, and give the lead to the next."""
        with self._lock:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            self._send(batch)
        finally:
            for call in batch:
                if call is not own:
                    call.turn.release()
            with self._lock:
                self._hand_on()

    def _hand_on(self) -> None:
        """Give the lead to the next call that waits; the lock is held."""
        following = self._waiting[0] if self._waiting else None
        self._busy = following is not None
        if following is not None:
            following.leads = True
            following.turn.release()

    def _send(self, batch: list[_Call]) -> None:
        try:
            connection = self._connected()
            connection.send_packed_command(connection.pack_commands([c.command for c in batch]))
            for call in batch:
                self._read(connection, call)
        except _REPEATED:
            self.close()
        except BaseException:
            self.close()  # answers that no caller reads must not be taken for those of later calls
            raise

    def _read(self, connection: Any, call: _Call) -> None:
        try:
            call.answer, call.error = connection.read_response(), None
        except _REPEATED as error:
            if not isinstance(error, NoScriptError | BusyLoadingError):
                raise
        except ResponseError as error:
            call.error = error

    def _connected(self) -> Any:
        if self._connection is None:
            # Not lent by the pool, which would keep it for the end of this object.
            self._connection = self._pool.make_connection()
        return self._connection

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
