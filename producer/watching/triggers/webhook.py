"""The trigger for stores that push: an HTTP receiver of signed events.

A sender authenticates with ``Authorization: Bearer SECRET`` (MinIO, SeaweedFS), with
``X-Pagefleet-Signature: sha256=HMAC`` of the body, or, if it can't set headers (Ceph), with the
secret as the last part of the path. The response is sent after the jobs are recorded.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from producer.watching.triggers.bucket_events import (
    NotABucketEvent,
    keys_below,
    read_bucket_events,
)
from producer.watching.triggers.trigger import TriggerContext
from shared.domain.errors import UsageError

MAX_BODY_BYTES = 1024 * 1024
#: A connection is closed when its request takes longer than this.
SOCKET_TIMEOUT_S = 10
#: The longest wait before a response; senders retry after a little more than this.
RESPONSE_S = 8.0
MIN_SECRET_CHARACTERS = 16
SIGNATURE = "X-Pagefleet-Signature"
#: Requests handled at once; further ones get status 503.
MAX_REQUESTS = 32


class Webhook:
    """A Trigger whose thread belongs to its HTTP server."""

    def __init__(self, context: TriggerContext) -> None:
        secret = read_secret(context.options["secret_file"])
        self._address = context.options["listen"]
        add_event = context.work_queue.add_event
        self._receiver = Receiver(context.bucket_and_prefix, add_event, secret)
        self._event_log = context.event_log
        self._server = ExitStack()

    def start(self) -> None:
        """Listen; raises UsageError."""
        port = self._server.enter_context(serving(self._address, self._receiver))
        self._event_log.info(f"receiving events on port {port}")

    def loops(self) -> Sequence[Callable[[], None]]:
        """None: the server has its own threads."""
        return ()

    def stop(self) -> None:
        """Stop listening."""
        self._server.close()


def read_secret(path: str) -> str:
    """The secret in a file, without the white space around it; raises UsageError."""
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the secret file {path}: {error}") from None


class Receiver:
    """Authenticates requests and handles their events; used by the threads of the server."""

    def __init__(
        self, source: tuple[str, str], add_event: Callable[[str], "Future[bool]"], secret: str
    ) -> None:
        if len(secret) < MIN_SECRET_CHARACTERS:
            raise UsageError(f"the secret is shorter than {MIN_SECRET_CHARACTERS} characters")
        self._bucket, self._prefix = source
        self._add_event = add_event
        self._secret = secret.encode()
        self.slots = threading.Semaphore(MAX_REQUESTS)

    def allows(self, path: str, authorization: str, signature: str, body: bytes) -> bool:
        """Whether the sender knows the secret; takes constant time."""
        digest = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        last_part = unquote(urlsplit(path).path.rpartition("/")[2])
        proofs = (
            (authorization.removeprefix("Bearer ").encode(), self._secret),
            (signature.removeprefix("sha256=").encode(), digest.encode()),
            (last_part.encode(), self._secret),
        )
        return any([hmac.compare_digest(proof, expected) for proof, expected in proofs])

    def receive(self, body: bytes) -> HTTPStatus:
        """Have the jobs of all objects of an event recorded."""
        try:
            events = read_bucket_events(body)
        except NotABucketEvent:
            return HTTPStatus.BAD_REQUEST
        keys = keys_below(events, self._bucket, self._prefix)
        results = [self._add_event(key) for key in keys]
        try:
            all_handled = all([result.result(RESPONSE_S) for result in results])
        except TooLate:
            all_handled = False
        return HTTPStatus.OK if all_handled else HTTPStatus.SERVICE_UNAVAILABLE


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[Receiver]
    timeout = SOCKET_TIMEOUT_S
    server_version = "pagefleet"
    sys_version = ""

    def do_POST(self) -> None:
        """Handle one event."""
        with _slot(self.receiver.slots) as free:
            status = self._status() if free else HTTPStatus.SERVICE_UNAVAILABLE
        self._respond(status)

    def do_HEAD(self) -> None:
        """Senders use HEAD to test the address."""
        self._respond(HTTPStatus.OK)

    def _status(self) -> HTTPStatus:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = self.rfile.read(int(length))
        headers = (self.headers.get("Authorization", ""), self.headers.get(SIGNATURE, ""))
        if not self.receiver.allows(self.path, *headers, body):
            return HTTPStatus.FORBIDDEN
        return self.receiver.receive(body) if body.strip() else HTTPStatus.OK

    def _respond(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a path may contain the secret."""


@contextmanager
def serving(address: str, receiver: Receiver) -> Iterator[int]:
    """Listen on HOST:PORT while the block runs; yields the port; raises UsageError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise UsageError(f"{address!r} is not an address to listen on; write HOST:PORT")
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
def _slot(slots: threading.Semaphore) -> Iterator[bool]:
    free = slots.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            slots.release()
