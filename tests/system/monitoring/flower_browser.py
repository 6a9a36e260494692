"""Flower for a running fleet, for tests and in a real browser.

``python -m tests.system.monitoring.flower_browser`` writes docs/images/flower.png.
"""

import json
import re
import signal
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from shared.config.settings import Settings
from tests.support.console.browser import chromium
from tests.support.fleets.fleet import BIN, environment, wait_until
from tests.support.fleets.watched_fleet import free_ports, get, watched_fleet
from tests.support.paths import ROOT

PICTURE = ROOT / "docs" / "images" / "flower.png"
#: Tasks on the first page of Flower's list.
SHOWN_TASKS = 15
LOGIN = re.compile(r"^login: (\S+) (\S+) ", re.MULTILINE)


@dataclass(frozen=True)
class FlowerAtWork:
    """A running ``pagefleet flower`` and the login that it printed."""

    process: "subprocess.Popen[bytes]"
    port: int
    user: str
    password: str
    log: Path

    def ask(self, path: str, *, login: bool = True, method: str = "GET") -> tuple[int, str]:
        """Status and body of a request, with or without the login."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        if login:
            pair = b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def complete_tasks(self) -> dict[str, dict[str, object]]:
        """Tasks of which Flower received every event, by id."""
        tasks = json.loads(self.ask("/api/tasks?limit=500")[1])
        return {u: task for u, task in tasks.items() if task["sent"] and task["state"] == "SUCCESS"}

    def failures(self) -> dict[str, dict[str, str]]:
        """Failed tasks by id."""
        return dict(json.loads(self.ask("/api/tasks?state=FAILURE")[1]))

    def failed_tasks(self) -> int:
        """The number in the card "Failed" of the overview."""
        workers = json.loads(self.ask("/workers?json=1")[1])["data"]
        return sum(int(worker.get("task-failed", 0)) for worker in workers)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def flower_at_work(settings: Settings, folder: Path, *options: str) -> Iterator[FlowerAtWork]:
    """``pagefleet flower`` as in a container, with the variable of a Kubernetes service link."""
    port, log = free_ports(1), folder / "flower.log"
    variables = {**environment(settings), "FLOWER_PORT": "tcp://10.0.0.7:5555"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(BIN / "pagefleet"), "flower", "--port", str(port), *options],
            env=variables,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: LOGIN.search(log.read_text()) and get(port, "/healthcheck")[0])
        ((user, password),) = LOGIN.findall(log.read_text())
        yield FlowerAtWork(process, port, user, password, log)
    finally:
        process.kill()
        process.wait()


def page_url(flower: FlowerAtWork, path: str) -> str:
    """The address of a page with the login in it."""
    return f"http://{flower.user}:{flower.password}@127.0.0.1:{flower.port}{path}"


def main() -> None:
    """Take the picture for the documentation."""
    with (
        tempfile.TemporaryDirectory() as name,
        watched_fleet(Path(name)) as watched,
        flower_at_work(watched.settings, Path(name)) as flower,
    ):
        wait_until(lambda: len(flower.complete_tasks()) > SHOWN_TASKS)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        chromium(page_url(flower, "/tasks"), f"--screenshot={PICTURE}")


if __name__ == "__main__":
    main()
