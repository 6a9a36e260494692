"""The trigger for stores that push: a small HTTP receiver of signed events.

A sender proves that it knows the secret by ``Authorization: Bearer SECRET`` (MinIO,
SeaweedFS), by ``X-Pagefleet-Signature: sha256=HMAC`` of the body, or, where it can send no
headers (Ceph), by the last part of the path. It is answered once the jobs are recorded.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from producer.watching.triggers.bucket_events import NotABucketEvent, keys_below, read_bucket_events
from producer.watching.work_queue import WorkQueue
from shared.domain.errors import UsageError

MAX_BODY_BYTES = 1024 * 1024
#: A sender that does not finish its request is let go.
SOCKET_TIMEOUT_S = 10
#: Senders wait so long for the answer before they try again.
ANSWER_S = 8.0
MIN_SECRET_CHARACTERS = 16
SIGNATURE = "X-Pagefleet-Signature"
#: Requests at a time; more are told to come again.
AT_ONCE = 32


class Receiver:
    """What the handler of each request needs."""

    def __init__(self, source: tuple[str, str], work_queue: WorkQueue, secret: str) -> None:
        if len(secret) < MIN_SECRET_CHARACTERS:
            raise UsageError(f"the secret is shorter than {MIN_SECRET_CHARACTERS} characters")
        self._bucket, self._prefix = source
        self._work_queue = work_queue
        self._secret = secret.encode()
        self.room = threading.Semaphore(AT_ONCE)

    def allows(self, path: str, authorization: str, signature: str, body: bytes) -> bool:
        """Whether the sender knows the secret; takes the same time for near misses."""
        digest = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        last = unquote(urlsplit(path).path.rpartition("/")[2])
        ways = (
            (authorization.removeprefix("Bearer ").encode(), self._secret),
            (signature.removeprefix("sha256=").encode(), digest.encode()),
            (last.encode(), self._secret),
        )
        return any([hmac.compare_digest(given, right) for given, right in ways])

    def take(self, body: bytes) -> HTTPStatus:
        """Have all objects of an event recorded."""
        try:
            bucket_events = read_bucket_events(body)
        except NotABucketEvent:
            return HTTPStatus.BAD_REQUEST
        wanted = keys_below(bucket_events, self._bucket, self._prefix)
        answers = [self._work_queue.add_event(key) for key in wanted]
        try:
            done = all([answer.result(ANSWER_S) for answer in answers])
        except TooLate:
            done = False
        return HTTPStatus.OK if done else HTTPStatus.SERVICE_UNAVAILABLE


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[Receiver]
    timeout = SOCKET_TIMEOUT_S
    server_version = "pagefleet"
    sys_version = ""

    def do_POST(self) -> None:
        """Answer one event."""
        with _room(self.receiver.room) as free:
            status = self._status() if free else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status)

    def do_HEAD(self) -> None:
        """Senders ask whether somebody is there."""
        self._answer(HTTPStatus.OK)

    def _status(self) -> HTTPStatus:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = self.rfile.read(int(length))
        given = (self.headers.get("Authorization", ""), self.headers.get(SIGNATURE, ""))
        if not self.receiver.allows(self.path, *given, body):
            return HTTPStatus.FORBIDDEN
        return self.receiver.take(body) if body.strip() else HTTPStatus.OK

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a path may hold the secret."""


@contextmanager
def serving(address: str, receiver: Receiver) -> Iterator[int]:
    """Listen on HOST:PORT while the block runs; gives the port; raises UsageError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise UsageError(f"{address!r} is no address to listen on; write HOST:PORT")
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    try:
        server = ThreadingHTTPServer((host.strip("[]"), int(port)), handler)
    except (OSError, OverflowError) as error:
        raise UsageError(f"can't listen on {address}: {error}") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="webhook", daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _room(semaphore: threading.Semaphore) -> Iterator[bool]:
    free = semaphore.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            semaphore.release()
