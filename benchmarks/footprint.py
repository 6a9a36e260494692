"""Counts what a page costs the broker and the store: requests, commands and bytes.

    python -m benchmarks.footprint --pages 500

Runs a fleet with the fake engine on a real Valkey and SeaweedFS. A proxy in front of the store
counts the requests; the broker counts its commands and bytes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import redis
from pydantic import SecretStr

from benchmarks.documents import numbered_pdf
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.config.settings import Settings, as_environment, load_settings
from shared.domain.records import Counts
from tests.support.servers.processes import start_s3
from tests.system.failures.store_proxy import StoreProxy

#: Seconds that the fleet gets to stop.
STOP_S = 30.0
#: Pages in the dispatch window; many, so that they outweigh the scripts that the broker keeps.
WINDOW_PAGES = 10_000


class CountingProxy(StoreProxy):
    """Forwards and counts all requests, by method."""

    def __init__(self, endpoint: str) -> None:
        self.requests: Counter[str] = Counter()
        super().__init__(endpoint, seed=0)

    def pick(self, method: str, conditional: bool) -> str | None:
        """Count one request and inject no fault."""
        self.requests[method] += 1
        return None


def main() -> int:
    """Measure and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    pages = parser.parse_args().pages
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pagefleet-bench-")))
        home = folder / "home"
        broker = stack.enter_context(EmbeddedBroker(load_settings(home=home)))
        server = start_s3(folder)
        os.environ.update(server.environment)
        proxy = CountingProxy(server.endpoint)
        settings = load_settings(
            home=home,
            redis_url=SecretStr(broker.url),
            store=f"s3://{server.bucket}/bench",
            s3_endpoint_url=proxy.endpoint,
            engine="fake",
            fake_render=False,
            dispatch_window=WINDOW_PAGES,
        )
        measure_memory(settings)
        measure_job(settings, proxy, folder, pages)
        proxy.close()
        server.stop()
    return 0


def measure_memory(settings: Settings) -> None:
    """Print the bytes of Redis for each queued page, including its message."""
    dispatch_state = DispatchState(settings)
    client = redis.Redis.from_url(settings.broker_url())
    dispatch_state.jobs.open(
        f"{0:032}-{0:016}", "fake", "normal", 0.0, WINDOW_PAGES, Counts(), [], [(1, WINDOW_PAGES)]
    )
    before = int(client.info("memory")["used_memory"])
    dispatcher, queued = Dispatcher(settings, dispatch_state), 0
    while sent := dispatcher.top_up("fake", "normal", force=True):
        queued += sent
    used = int(client.info("memory")["used_memory"]) - before
    print(f"Redis: {used / queued:.0f} bytes for each queued page", flush=True)
    client.flushall()


def measure_job(settings: Settings, proxy: CountingProxy, folder: Path, pages: int) -> None:
    """Print requests and commands for each page of one job, from submission to document."""
    document = numbered_pdf(folder / "n.pdf", pages)
    client = redis.Redis.from_url(settings.broker_url())
    with LocalFleet(settings, "fake") as fleet:
        fleet.start()
        _submit(settings, numbered_pdf(folder / "warm.pdf", 8))
        requests_before = proxy.requests.copy()
        commands_before = int(client.info("stats")["total_commands_processed"])
        _submit(settings, document)
        commands = int(client.info("stats")["total_commands_processed"]) - commands_before
        fleet.stop(STOP_S)
    per_page = {
        method: round((count - requests_before[method]) / pages, 2)
        for method, count in sorted(proxy.requests.items())
    }
    print(f"S3 requests a page: {per_page}")
    print(f"Redis commands a page, including those inside scripts: {commands / pages:.0f}")


def _submit(settings: Settings, document: Path) -> None:
    command = [sys.executable, "-m", "producer.cli", "submit", str(document), "--wait"]
    subprocess.run(command, env=as_environment(settings), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
