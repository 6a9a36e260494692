"""A proxy that removes headers, to imitate a service that does not support them.

Or refuses every write, as a service does that is full, or every read of some objects.
"""

import http.client
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


@contextmanager
def without_headers(
    endpoint: str, names: Collection[str], refusal: bytes = b"", denied: str = ""
) -> Iterator[str]:
    """The address of a proxy that forwards to ``endpoint`` without these headers.

    With ``refusal`` that is the answer to each write. With ``denied`` each read of an object
    whose key contains it is answered with 403.
    """
    target = urlsplit(endpoint).netloc
    stripped = {name.lower() for name in names}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            if denied and self.command in ("GET", "HEAD") and denied in urlsplit(self.path).path:
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {n: v for n, v in self.headers.items() if n.lower() not in stripped}
            connection = http.client.HTTPConnection(target, timeout=20)
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else len(data)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            self.wfile.write(data)
            connection.close()

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on

        def _refuse(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(403)
            self.send_header("Content-Length", str(len(refusal)))
            self.end_headers()
            self.wfile.write(refusal)

        if refusal:
            do_PUT = _refuse

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
