"""One small HTTP server per worker process or watcher: ``/metrics`` and the health checks.

Who can reach the port may be anyone: a connection lasts a limited time, and above a number of
connections the oldest one is closed, so that none can use up the threads and files of the process.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client.exposition import choose_encoder

from shared.telemetry.health import Health
from shared.telemetry.process_labels import PROCESS_LABELS

log = logging.getLogger("pagefleet.http")
#: A connection is closed after this time, also where its client sends a byte now and then.
REQUEST_TIMEOUT_S = 10.0
MAX_CONNECTIONS = 32


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 4 * MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], health: Health) -> None:
        super().__init__(address, _Handler)
        self.health = health
        #: When each open connection was made, the oldest first.
        self._open: dict[socket.socket, float] = {}
        self._changing = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve the connection in a thread; closes the oldest one where there are too many."""
        with self._changing:
            for oldest in list(self._open)[: len(self._open) - MAX_CONNECTIONS + 1]:
                self._cut_off(oldest)
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Close the connections whose time is over; the server calls this all the time."""
        made_before = time.monotonic() - REQUEST_TIMEOUT_S
        with self._changing:
            for request, made in list(self._open.items()):
                if made < made_before:
                    self._cut_off(request)

    def shutdown_request(self, request: Any) -> None:
        """The connection has been served."""
        with self._changing:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def _cut_off(self, request: socket.socket) -> None:
        """End the connection; its thread then sees its end."""
        del self._open[request]
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: the client closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_TIMEOUT_S
    server_version = "pagefleet"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept") or "")
            self._send(200, kind, encode(PROCESS_LABELS))
        elif path == "/livez":
            self._send_problems(self.server.health.failures())
        elif path == "/startupz":
            self._send_problems(self.server.health.unstarted())
        elif path == "/readyz":
            self._send_problems(self.server.health.obstacles())
        else:
            self._send(404, "text/plain", b"try /metrics, /livez, /startupz or /readyz\n")

    def _send_problems(self, problems: list[str]) -> None:
        text = "\n".join(problems or ["ok"]) + "\n"
        self._send(503 if problems else 200, "text/plain; charset=utf-8", text.encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing for scrapes and probes."""


@contextmanager
def http_port(host: str, port: int, health: Health) -> Iterator[None]:
    """Serve while the block runs; port 0 serves nothing.

    If the port is in use, the process runs without metrics instead of failing.
    """
    server = _open(host, port, health) if port else None
    try:
        yield
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()


def _open(host: str, port: int, health: Health) -> _Server | None:
    try:
        server = _Server((host, port), health)
    except OSError as error:
        log.error(
            "no metrics on %s:%d: %s; set PAGEFLEET_METRICS_PORT or PAGEFLEET_METRICS_HOST",
            host, port, error.strerror,
        )  # fmt: skip
        return None
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    log.info("metrics and health on http://%s:%d", host, port)
    return server
