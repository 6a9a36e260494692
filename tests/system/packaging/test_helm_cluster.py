"""The processes that the chart would start lose no page while they scale and drain under load."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.config.settings import build_settings
from shared.storage.factory import open_store
from tests.support.fleets.cluster import Cluster, Scaler
from tests.support.fleets.fleet import pdf, wait_until
from tests.support.fleets.ledger_check import check_job
from tests.support.packaging.helm_chart import manifests, named
from tests.support.servers.processes import S3Server

POOL = "pf-fake"
DOCUMENTS, PAGES = 2, 40


@pytest.fixture
def cluster(s3_server: S3Server, tmp_path: Path) -> Iterator[Cluster]:
    """The chart with a pool of fake engines that scales to zero."""
    pool = {
        "concurrency": 2, "drainSeconds": 2,
        "autoscaling": {
            "enabled": True, "maxReplicas": 2, "pollingSeconds": 5, "cooldownSeconds": 2,
            "scaleDownStabilizationSeconds": 0,
        },
        "settings": {"fake_latency_ms": 150, "fake_render": False},
    }  # fmt: skip
    store = f"s3://{s3_server.bucket}/cluster-{os.getpid()}"
    values = {
        "store": {"url": store, "endpointUrl": s3_server.endpoint},
        "redis": {"builtin": {"existingSecret": "valkey-login"}},
        "pools": {"cpu": {"enabled": False}, "fake": pool},
        "settings": {"sweep_interval_s": 1},
    }
    cluster = Cluster(manifests(values), tmp_path, dict(s3_server.environment))
    cluster.start_broker()
    yield cluster
    cluster.stop()


def test_a_pool_scales_up_drains_and_scales_to_zero_without_losing_a_page(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: _answers(cluster), 20)
    for control in ("pf-reducer", "pf-sweeper"):
        cluster.scale(control, 1)
    variables = cluster.variables("pf-sweeper")
    jobs = [
        _submit(pdf(tmp_path / f"{n}.pdf", PAGES, title=f"{n}"), variables, tmp_path)
        for n in range(DOCUMENTS)
    ]

    sizes = _live_through(cluster, seconds=120)

    for name, value in cluster.secrets.items():
        monkeypatch.setenv(name, value)
    store = open_store(
        build_settings(
            {
                "home": tmp_path / "home",
                "store": variables["PAGEFLEET_STORE"],
                "s3_endpoint_url": variables["PAGEFLEET_S3_ENDPOINT_URL"],
            }
        )
    )
    for job in jobs:
        checked = check_job(store, job)
        assert checked.counts == {"ok": PAGES, "blank": 0, "failed": 0}
    assert sizes[0] == 0
    assert max(sizes) == 2
    assert sizes[-1] == 0


def _live_through(cluster: Cluster, seconds: float) -> list[int]:
    """Scale as KEDA does and drain a pod; the sizes of the pool over time."""
    scaler = Scaler(named(cluster.objects, "ScaledObject", POOL), cluster.broker())
    chance, sizes, drained = random.Random(7), [0], 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        desired = scaler.desired(sizes[-1])
        cluster.scale(POOL, desired)
        sizes.append(desired)
        ready = [pod for pod in cluster.pods[POOL] if (pod.answers("/readyz"))]
        if ready and drained < 1 and desired == 2:
            drained += 1
            victim = chance.choice(ready)
            assert victim.drain() < victim.grace_s
        if drained and desired == 0:
            return sizes
        time.sleep(0.5)
    pytest.fail(f"the pool did not scale to zero: {sizes}")


def _submit(source: Path, variables: dict[str, str], folder: Path) -> str:
    """Run the producer's command inside a pod, as the chart's notes tell the user to."""
    environment = {
        **variables, "PATH": os.defpath, "PAGEFLEET_HOME": str(folder / "producer"),
        "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    command = [sys.executable, "-m", "producer.cli", "submit", str(source), "--engine", "fake"]
    completed = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


def _answers(cluster: Cluster) -> bool:
    try:
        return bool(cluster.broker().ping())
    except Exception:
        return False
