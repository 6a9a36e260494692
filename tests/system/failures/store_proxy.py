"""A proxy between fleet and S3 that refuses, stalls, truncates and answers wrongly."""

import http.client
import random
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: Faults of one request.
TROUBLES = ("500", "503", "reset", "stall", "truncate", "409", "412", "late")
STALL_S = 3.0
_BODY = b"<Error><Code>%s</Code><Message>made up</Message></Error>"
_CODES = {"500": "InternalError", "503": "SlowDown", "409": "ConditionalRequestConflict"}


class StoreProxy:
    """Forwards to ``endpoint``; during ``trouble`` a share of the requests has a fault."""

    def __init__(self, endpoint: str, seed: int) -> None:
        self.injected: Counter[str] = Counter()
        self.down = False
        #: Requests wait and get no answer.
        self.silent = False
        self._kinds: tuple[str, ...] = ()
        self._share = 0.0
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._server = _Server(self, endpoint)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def trouble(self, kinds: tuple[str, ...], share: float) -> None:
        """From now on this share of the requests (0 to 1) has one of these faults."""
        self._kinds, self._share = kinds, share

    def pick(self, method: str, conditional: bool) -> str | None:
        """The fault of one request, or None."""
        if self.down:
            return "503"
        with self._lock:
            if not self._kinds or self._chance.random() >= self._share:
                return None
            kind = self._chance.choice(self._kinds)
            if kind in ("409", "412") and not conditional:
                return None
            if kind == "truncate" and method != "GET":
                return None
            self.injected[kind] += 1
            return kind

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: StoreProxy, endpoint: str) -> None:
        self.proxy = proxy
        self.where = urlsplit(endpoint)
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that were killed during a request, which is intended here."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    # One packet per answer, or the delayed acknowledgement of TCP costs 40 ms each.
    wbufsize = -1
    disable_nagle_algorithm = True
    _upstream: http.client.HTTPConnection | None = None

    def handle_expect_100(self) -> bool:
        """Answer at once, because the client waits a second for it before it sends the body."""
        answered = super().handle_expect_100()
        self.wfile.flush()
        return answered

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self._break_off()
            return
        conditional = self.headers.get("If-None-Match") is not None
        kind = self.server.proxy.pick(self.command, conditional)
        if self.server.proxy.silent:
            kind = "reset"
            while self.server.proxy.silent:
                time.sleep(0.05)
        if kind == "stall":
            time.sleep(STALL_S)
        if kind in ("reset", "stall"):
            self.close_connection = True
            return
        if kind in ("500", "503", "409", "412"):
            self._refuse(int(kind))
            return
        status, headers, answer = self._forward(body)
        if kind == "late":
            # The service did the request, and the client gets no answer.
            self.close_connection = True
            return
        self._answer(status, headers, answer, cut=kind == "truncate")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
        for _ in range(2):
            if self._upstream is None:
                self._upstream = http.client.HTTPConnection(
                    str(self.server.where.hostname), self.server.where.port, timeout=60
                )
            with suppress(http.client.HTTPException, OSError):
                self._upstream.request(self.command, self.path, body or None, headers)
                answer = self._upstream.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            self._upstream.close()
            self._upstream = None
        return 502, [], b""

    def _break_off(self) -> None:
        """The client died during its request: the service gets only the head."""
        self.close_connection = True
        head = [f"{self.command} {self.path} HTTP/1.1"]
        head += [f"{k}: {v}" for k, v in self.headers.items() if k.lower() != "expect"]
        where = (str(self.server.where.hostname), self.server.where.port or 80)
        with suppress(OSError), socket.create_connection(where) as upstream:
            upstream.sendall("\r\n".join([*head, "", ""]).encode())

    def finish(self) -> None:
        """The client has closed its connection: close the one to the service."""
        if self._upstream is not None:
            self._upstream.close()
        super().finish()

    def _refuse(self, status: int) -> None:
        code = _CODES.get(str(status), "PreconditionFailed")
        head = [("Content-Type", "application/xml")]
        self._answer(status, head, _BODY % code.encode(), cut=False)

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool
    ) -> None:
        self.send_response_only(status)
        announced = None
        for name, value in headers:
            if name.lower() == "content-length":
                announced = value
            elif name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        head = self.command == "HEAD"
        self.send_header("Content-Length", (announced if head else None) or str(len(body)))
        self.end_headers()
        if cut:
            self.close_connection = True
            body = body[: len(body) // 2]
        if not head:
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: there are thousands of requests."""
