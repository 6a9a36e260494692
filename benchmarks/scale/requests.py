"""Counts the requests that SeaweedFS served, from its own metrics."""

import re
from urllib.request import urlopen

_COUNT = re.compile(r"^SeaweedFS_s3_request_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)


def served_requests(metrics_port: int) -> float:
    """Requests since the start of the service on this machine."""
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as answer:
        return sum(map(float, _COUNT.findall(answer.read().decode())))
