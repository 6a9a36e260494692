"""The OpenAI-compatible server of the tests as a process that logs each answer in a journal.

``python -m tests.system.outage.reading_server PORT JOURNAL LATENCY_MS``
"""

import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiohttp import web

from tests.support.servers.openai_server import OpenAiServer, name_of, serving


@dataclass
class ReadingServer(OpenAiServer):
    """Writes each answered picture to the journal, so that repeated readings can be counted."""

    journal: Path = Path("journal")

    async def _reply(
        self, request: web.Request, body: dict[str, Any], text: str
    ) -> web.StreamResponse:
        self.bodies.clear()
        with self.journal.open("a") as file:
            file.write(f"picture {name_of(body).split()[-1]}\n")
        return await super()._reply(request, body, text)


def ready(url: str) -> bool:
    """Whether a server answers at ``url``."""
    with suppress(OSError), urlopen(f"{url}/health", timeout=1):
        return True
    return False


def main() -> None:
    """Serve until killed."""
    port, journal, latency_ms = sys.argv[1:]
    server = ReadingServer(journal=Path(journal), latency_s=float(latency_ms) / 1000)
    with serving(server, int(port)):
        threading.Event().wait()


if __name__ == "__main__":
    main()
