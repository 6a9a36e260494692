"""Metrics, health endpoints and logs of a running fleet."""

import json
import socket
import subprocess
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, Gauge

from shared.broker.dispatch_state import DispatchState
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from shared.telemetry.health import Health
from shared.telemetry.http_port import http_port
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import BIN, environment, in_process, wait_until, workers
from tests.support.fleets.watched_fleet import (
    FAILED_PAGE,
    FLEET,
    LARGE,
    PRICE_PER_HOUR,
    SMALL,
    TENANT,
    Watched,
    events,
    free_ports,
    get,
    samples,
)
from tests.support.servers.processes import start_redis
from workers.observability.metrics_doc import PATH, document


def value(watched: Watched, name: str, /, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    required = set(labels.items())
    values = [v for (n, has), v in watched.samples().items() if n == name and required <= has]
    assert values, f"no sample {name} {labels}"
    return sum(values)


def test_pages_are_counted_by_outcome(watched: Watched) -> None:
    def failed() -> float:
        return value(watched, "pagefleet_pages_total", status="failed", code="engine_failed")

    # The same page number fails in both jobs, after as many attempts as allowed.
    wait_until(lambda: failed() == 2)
    returned = value(watched, "pagefleet_pages_returned_total", reason="attempt")
    assert returned == 2 * (watched.settings.max_attempts - 1)


def test_page_counts_agree_with_the_dispatch_state(watched: Watched) -> None:
    dispatch_state = DispatchState(watched.settings)

    def agree() -> bool:
        before = dispatch_state.jobs.progress(watched.open_job)
        counted = value(watched, "pagefleet_pages_total", engine="fake")
        after = dispatch_state.jobs.progress(watched.open_job)
        assert before is not None
        assert after is not None
        # Pages marked and not counted yet are at most those in flight.
        return before.done + SMALL - 4 <= counted <= after.done + SMALL

    for _ in range(5):
        assert agree()


def test_fleet_figures_are_those_of_the_dispatch_state(watched: Watched) -> None:
    assert value(watched, "pagefleet_broker_up") == 1
    assert value(watched, "pagefleet_workers", engine="fake") == 1
    assert value(watched, "pagefleet_pool_capacity", engine="fake") == 4
    assert value(watched, "pagefleet_jobs", state="open") == 1
    assert value(watched, "pagefleet_jobs", state="backlog") == 1
    depth = watched.settings.dispatch_window
    assert depth / 2 - 4 <= value(watched, "pagefleet_outstanding", engine="fake") <= depth + 4
    assert value(watched, "pagefleet_queue_depth", queue="pages.fake.normal") > 0
    assert value(watched, "pagefleet_oldest_page_age_seconds") > 0


def test_every_sample_names_the_fleet_and_those_of_a_pages_process_their_pool(
    watched: Watched,
) -> None:
    pages, control = samples(watched.pages_port), samples(watched.control_port)

    assert all(("fleet", "pagefleet") in labels for _, labels in [*pages, *control])
    assert all(("pool", "fake") in labels for _, labels in pages)
    assert value(watched, "pagefleet_workers", pool="fake", engine="fake") == 1


def test_waiting_times_are_counted_by_pool_and_priority(watched: Watched) -> None:
    wait, document = "pagefleet_queue_wait_seconds", "pagefleet_document_seconds"

    claimed = value(watched, f"{wait}_count", pool="fake", priority="normal")

    # Each page once, however often it was tried.
    assert SMALL < claimed <= SMALL + LARGE
    assert value(watched, f"{wait}_count", pool="fake", priority="high") == 0
    assert value(watched, f"{document}_count", pool="fake", priority="normal") == 1
    # Three rounds of four pages of a second, and a page that is tried three times.
    assert 3 <= value(watched, f"{document}_sum", priority="normal") < 60
    assert value(watched, "pagefleet_queue_age_seconds", pool="fake", priority="normal") > 0
    assert value(watched, "pagefleet_queue_age_seconds", pool="fake", priority="high") == 0


def test_pages_and_time_are_counted_by_tenant(watched: Watched) -> None:
    (status,) = in_process(watched.settings, "status", watched.ended_job, "--json").lines
    tenant = {"label": "tenant", "value": TENANT}

    assert value(watched, "pagefleet_label_pages_total", **tenant) == SMALL
    seconds = value(watched, "pagefleet_label_worker_seconds_total", **tenant, outcome="kept")
    assert seconds == pytest.approx(status["worker_seconds"], abs=0.1)
    assert value(watched, "pagefleet_label_pages_total", label="tenant", value="") > 0


def test_the_worker_time_of_all_results_adds_up_to_the_metric(watched: Watched) -> None:
    jobs, dispatch_state = JobStore(open_store(watched.settings)), DispatchState(watched.settings)
    states = jobs.page_states(watched.ended_job)
    results = list(jobs.results(watched.ended_job, range(1, SMALL + 1), states))
    document_json = json.loads(jobs.store.get(f"jobs/{watched.ended_job}/document.json"))
    spent = sum(result.worker_s for result in results)

    before = dispatch_state.jobs.progress(watched.open_job)
    exported = value(watched, "pagefleet_page_worker_seconds_total", outcome="kept")
    after = dispatch_state.jobs.progress(watched.open_job)

    assert document_json["worker_s"] == pytest.approx(spent, abs=0.001)
    # Four at once, 150 ms each: a page can't cost more than its own time.
    assert spent > 0.15 * SMALL / 4 * 0.9
    assert all(0 < result.worker_s < 5 for result in results)
    assert before is not None
    assert after is not None
    # A page is marked a moment before it is counted; at most four are in between.
    most = max(result.worker_s for result in results) * 4 + 1
    assert before.worker_ms / 1000 - most <= exported - spent <= after.worker_ms / 1000 + 0.1


def test_status_shows_the_cost_of_a_job(watched: Watched) -> None:
    ended = in_process(watched.settings, "status", watched.ended_job, watched.open_job, "--json")

    done, hot = ended.lines
    for line in (done, hot):
        cost = line["worker_seconds"] / 3600 * PRICE_PER_HOUR
        assert line["cost"] == pytest.approx(cost, abs=1e-6)
        assert line["cost"] > 0
    assert done["cost_per_million_pages"] == pytest.approx(done["cost"] / SMALL * 1e6, rel=0.01)


def test_both_processes_report_alive_and_ready(watched: Watched) -> None:
    for port in (watched.pages_port, watched.control_port):
        assert get(port, "/livez") == (200, "ok\n")
        assert get(port, "/readyz") == (200, "ok\n")
    assert get(watched.pages_port, "/etc/passwd")[0] == 404


def test_heartbeat_files_are_named_by_role_and_fresh(watched: Watched) -> None:
    files = {path.name: time.time() - path.stat().st_mtime for path in watched.heartbeats.iterdir()}

    assert set(files) == {"fake", "control"}
    assert max(files.values()) < 30


def test_ports_listen_on_the_loopback_interface_only(watched: Watched) -> None:
    listening = {
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line
    }

    assert f"0100007F:{watched.pages_port:04X}" in listening
    assert f"00000000:{watched.pages_port:04X}" not in listening


def test_every_line_is_a_json_event_with_its_page(watched: Watched) -> None:
    lines = events(watched.log)

    page = [e for e in lines if e.get("page") == FAILED_PAGE and e.get("job") == watched.ended_job]
    assert [e["attempt"] for e in page if e["level"] == "warning"] == [1, 2]
    (last,) = [e for e in page if e.get("status")]
    assert (last["status"], last["code"], last["attempt"]) == ("failed", "engine_failed", 3)
    assert str(last["worker"]).endswith("-fake-1")
    assert {"time", "level", "logger", "message", "process"} <= last.keys()


def test_the_documentation_lists_the_metrics_of_the_code() -> None:
    assert PATH.read_text() == document(), "run: python -m workers.observability.metrics_doc"


def test_every_exported_metric_is_documented(watched: Watched) -> None:
    text = PATH.read_text()
    names = {name for name, _ in watched.samples() if name.startswith("pagefleet_")}
    for end in ("_bucket", "_count", "_sum", "_created"):
        names = {name.removesuffix(end) for name in names}

    assert [
        name for name in names if f"`{name}`" not in text and f"`{name}_total`" not in text
    ] == []


def test_a_worker_without_its_broker_is_not_ready_and_stays_alive(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    redis = start_redis(tmp_path)
    port = free_ports(2)
    # The address has a password, which must not appear in the log.
    config = settings(redis_url=redis.url, engine="fake", metrics_port=port, drain_s=0)
    log = tmp_path / "log"
    with workers(config, log):
        wait_until(lambda: get(port, "/readyz")[0] == 200)

        redis.stop()

        wait_until(lambda: get(port, "/readyz")[0] == 503)
        assert "waits for a connection to the broker" in get(port, "/readyz")[1]
        assert get(port, "/livez") == (200, "ok\n")
        wait_until(lambda: samples(port + 1).get(("pagefleet_broker_up", FLEET)) == 0)
    text = log.read_text()
    assert '"logger": "celery.worker.consumer' in text
    assert redis.password not in text


def test_an_engines_own_metrics_are_on_the_same_port() -> None:
    gauge, port = Gauge("engine:own_figure", "As vLLM registers its own."), free_ports(1)
    gauge.set(7)

    with http_port("127.0.0.1", port, Health()):
        assert samples(port)["engine:own_figure", frozenset()] == 7
    REGISTRY.unregister(gauge)
    assert get(port, "/metrics")[0] == 0


def test_a_report_shows_the_cost_of_the_job(watched: Watched, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    (status,) = in_process(watched.settings, "status", watched.ended_job, "--json").lines

    in_process(watched.settings, "report", watched.ended_job, "-o", str(output))

    assert f"<dt>cost</dt><dd>{status['cost']:.4f}</dd>" in output.read_text()


def test_a_port_in_use_disables_the_metrics_and_not_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with http_port("127.0.0.1", port, Health()):
            pass

    assert f"no metrics on 127.0.0.1:{port}" in caplog.text
    assert "PAGEFLEET_METRICS_PORT" in caplog.text


def test_the_variable_of_a_kubernetes_service_link_is_not_a_port(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    variables = {**environment(settings()), "PAGEFLEET_METRICS_PORT": "tcp://10.0.0.7:9400"}

    ended = subprocess.run(
        [str(BIN / "pagefleet"), "list"], env=variables, capture_output=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, b"no jobs\n")
