"""Idle pods get a lower deletion cost than busy ones, through a real HTTPS server."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from shared.broker.dispatch_state import DispatchState
from tests.conftest import SettingsFactory
from workers.maintenance.repairs.kubernetes.idle_pods_first import ANNOTATION, IdlePodsFirst
from workers.maintenance.repairs.kubernetes.pod_api import PodApi


@contextmanager
def kubernetes(folder: Path, status: int = 200) -> Iterator[tuple[PodApi, list[dict[str, Any]]]]:
    """An API server that answers with ``status``, and the requests that it got."""
    requests: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sent = {"path": self.path, "token": self.headers["Authorization"], "body": body}
            requests.append(sent)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    (folder / "namespace").write_text("ocr")
    (folder / "token").write_text("secret-token\n")
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield PodApi(f"https://localhost:{server.server_port}", folder), requests
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def fleet(settings: SettingsFactory, redis_url: str) -> DispatchState:
    """Two pods with one worker each, of which one has claimed a page."""
    state = DispatchState(settings(redis_url=redis_url))
    for pod in ("pf-fake-7d9f-busy", "pf-fake-7d9f-idle"):
        state.workers.heartbeat("fake", f"{pod}-12-fake-1", 4, {})
    job = "0" * 32 + "-" + "0" * 16
    claim = state.pages.claim(
        "fake", "pages.fake.normal", job, 1, 1, "pf-fake-7d9f-busy-12-fake-1", "t"
    )
    assert claim.outcome == "unknown"  # leased, although this broker has no record of the job
    return state


def test_a_busy_pod_costs_more_than_an_idle_one(fleet: DispatchState, tmp_path: Path) -> None:
    with kubernetes(tmp_path) as (pods, requests):
        costs = IdlePodsFirst(fleet, pods)
        assert [costs.run(), costs.run()] == [2, 0]

    found = {each["path"]: each["body"]["metadata"]["annotations"][ANNOTATION] for each in requests}
    assert found == {
        "/api/v1/namespaces/ocr/pods/pf-fake-7d9f-busy": "1",
        "/api/v1/namespaces/ocr/pods/pf-fake-7d9f-idle": "0",
    }
    assert {each["token"] for each in requests} == {"Bearer secret-token"}


def test_a_pod_that_is_gone_is_no_error(fleet: DispatchState, tmp_path: Path) -> None:
    with kubernetes(tmp_path, 404) as (pods, requests):
        assert IdlePodsFirst(fleet, pods).run() == 2

    assert len(requests) == 2


def test_a_missing_right_stops_no_repair_and_is_logged(
    fleet: DispatchState, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with kubernetes(tmp_path, 403) as (pods, _):
        costs = IdlePodsFirst(fleet, pods)
        assert [costs.run(), costs.run()] == [2, 2]

    assert "deletion costs of pods are not set: HTTP Error 403" in caplog.text
    assert "secret-token" not in caplog.text


def test_without_a_kubernetes_api_the_sweeper_goes_on(fleet: DispatchState, tmp_path: Path) -> None:
    assert IdlePodsFirst(fleet, PodApi(folder=tmp_path / "missing")).run() == 2
