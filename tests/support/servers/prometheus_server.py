"""A real Prometheus that scrapes a fleet for some seconds."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.support.fleets.fleet import wait_until
from tests.support.fleets.watched_fleet import free_ports, get

BINARY = shutil.which("prometheus")


@contextmanager
def prometheus(folder: Path, ports: Sequence[int]) -> Iterator[str]:
    """Its address, once every target has been scraped."""
    assert BINARY is not None
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: p, static_configs: [{{targets: [{targets}]}}]}}]\n"
    )
    port = free_ports(1)
    command = [
        BINARY,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: get(port, "/-/ready")[0] == 200)
        wait_until(lambda: len(query(address, "count_over_time(up[1m]) > 6")) == len(ports))
        yield address
    finally:
        process.kill()
        process.wait()


def query(address: str, expression: str) -> list[dict[str, object]]:
    """The current series of ``expression``; fails the test where it can't be evaluated."""
    words = urlencode({"query": expression, "time": time.time()})
    status, body = get(int(address.rpartition(":")[2]), f"/api/v1/query?{words}")
    assert status == 200, (expression, body)
    return json.loads(body)["data"]["result"]  # type: ignore[no-any-return]
