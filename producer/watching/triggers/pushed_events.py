"""The trigger for stores that send their events: an HTTP receiver of signed events.

A sender authenticates with ``Authorization: Bearer SECRET`` (MinIO, SeaweedFS), with
``X-Pagefleet-Signature: sha256=HMAC`` of the body, or, if it can't set headers (Ceph), with the
secret as the last part of the path. The response is sent after the jobs are recorded.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiohttp import web

from producer.watching.triggers.bucket_events import (
    NotABucketEvent,
    keys_below,
    read_bucket_events,
)
from producer.watching.triggers.event_server import serving
from producer.watching.triggers.trigger import TriggerContext
from shared.domain.errors import UsageError

MAX_BODY_BYTES = 1024 * 1024
#: The longest wait before a response; senders retry after a little more than this.
RESPONSE_S = 8.0
MIN_SECRET_CHARACTERS = 16
SIGNATURE = "X-Pagefleet-Signature"
#: Requests with the secret that are handled at once; further ones get status 503.
MAX_REQUESTS = 32
_SIGNATURE = re.compile(r"(sha256=)?[0-9a-f]{64}", re.ASCII)


class PushedEvents:
    """A Trigger whose thread belongs to its server."""

    def __init__(self, context: TriggerContext) -> None:
        secret = read_secret(context.options["secret_file"])
        self._address = context.options["listen"]
        add_event = context.work_queue.add_event
        self._receiver = Receiver(context.bucket_and_prefix, add_event, secret)
        self._event_log = context.event_log
        self._server = ExitStack()

    def start(self) -> None:
        """Listen; raises UsageError."""
        port = self._server.enter_context(serving(self._address, self._receiver.answer))
        self._event_log.info(f"receiving events on port {port}")

    def loops(self) -> Sequence[Callable[[], None]]:
        """None: the server has its own thread."""
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
    """Authenticates requests and handles their events; used by the thread of the server."""

    def __init__(
        self, source: tuple[str, str], add_event: Callable[[str], "Future[bool]"], secret: str
    ) -> None:
        if len(secret) < MIN_SECRET_CHARACTERS:
            raise UsageError(f"the secret is shorter than {MIN_SECRET_CHARACTERS} characters")
        self._bucket, self._prefix = source
        self._add_event = add_event
        self._secret = secret.encode()
        self._handled = 0

    async def answer(self, request: web.BaseRequest, proven: Callable[[], None]) -> HTTPStatus:
        """Judge the headers, then read the body; calls ``proven`` once the secret is known."""
        if request.method != "POST":
            # Senders use HEAD to test the address.
            return HTTPStatus.OK if request.method == "HEAD" else HTTPStatus.NOT_IMPLEMENTED
        has_secret = self._has_secret(request)
        signature = request.headers.get(SIGNATURE, "")
        if not has_secret and not _SIGNATURE.fullmatch(signature):
            return HTTPStatus.FORBIDDEN
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        if request.content_length is None:
            return HTTPStatus.LENGTH_REQUIRED
        if request.content_length > MAX_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = await request.content.read(-1)
        if not has_secret and not self._is_signed(body, signature):
            return HTTPStatus.FORBIDDEN
        proven()
        return await self._receive_within_limit(body)

    def _has_secret(self, request: web.BaseRequest) -> bool:
        """Whether the headers or the path contain the secret; takes constant time."""
        last_part = unquote(urlsplit(request.raw_path).path.rpartition("/")[2])
        proofs = (request.headers.get("Authorization", "").removeprefix("Bearer "), last_part)
        encoded = [proof.encode(errors="replace") for proof in proofs]
        return any([hmac.compare_digest(proof, self._secret) for proof in encoded])

    def _is_signed(self, body: bytes, signature: str) -> bool:
        digest = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.removeprefix("sha256="), digest)

    async def _receive_within_limit(self, body: bytes) -> HTTPStatus:
        if self._handled >= MAX_REQUESTS:
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._handled += 1
        try:
            return await self._receive(body) if body.strip() else HTTPStatus.OK
        finally:
            self._handled -= 1

    async def _receive(self, body: bytes) -> HTTPStatus:
        """Have the jobs of all objects of an event recorded."""
        try:
            events = read_bucket_events(body)
        except NotABucketEvent:
            return HTTPStatus.BAD_REQUEST
        keys = keys_below(events, self._bucket, self._prefix)
        results = [asyncio.wrap_future(self._add_event(key)) for key in keys]
        # The look-ups go on after a time-out, so no result is cancelled.
        done, late = await asyncio.wait(results, timeout=RESPONSE_S) if results else (set(), set())
        if any(result.exception() for result in done):
            return HTTPStatus.BAD_REQUEST  # a key that can't be used
        is_handled = not late and all(result.result() for result in done)
        return HTTPStatus.OK if is_handled else HTTPStatus.SERVICE_UNAVAILABLE
