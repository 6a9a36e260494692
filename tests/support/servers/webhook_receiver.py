"""A real HTTP server that records webhook calls and answers with given statuses."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """The recorded calls, and the statuses of the answers in turn; the last status repeats."""

    port: int
    calls: list[Call] = field(default_factory=list)
    #: Paths of GET requests.
    gets: list[str] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """The address, by any host name."""
        return f"{scheme}://{host}:{self.port}/hook?from=pagefleet"


@contextmanager
def receiver(
    statuses: Sequence[int] = (200,),
    *,
    before_answer: Callable[[int], None] = lambda _: None,
    location: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Receiver]:
    """A server on the loopback; ``before_answer`` gets the number of the call, from 1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.calls.append(Call(self.path, dict(self.headers.items()), body))
            number = len(made.calls)
            before_answer(number)
            self.send_response(statuses[min(number, len(statuses)) - 1])
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            made.gets.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # tests have clients that disconnect

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def dripping_server(beginning: bytes = b"HTTP/1.1 200 OK\r\nX-Slow: ") -> Iterator[int]:
    """A port that sends ``beginning`` and then single bytes without end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(beginning)
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        yield listener.getsockname()[1]
        stop.set()
