"""One small HTTP server per worker process or watcher: ``/metrics`` and the health checks."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.exposition import choose_encoder

from shared.telemetry.health import Health
from shared.telemetry.process_labels import PROCESS_LABELS

log = logging.getLogger("pagefleet.http")
#: A client that does not finish its request in this time is dropped.
REQUEST_TIMEOUT_S = 10


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], health: Health) -> None:
        super().__init__(address, _Handler)
        self.health = health

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
