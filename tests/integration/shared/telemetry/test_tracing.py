"""A page's trace from submission to document, through real processes and a real collector."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch
from shared.telemetry.factory import tracing_of
from shared.telemetry.tracing import SENT_HEADER, PageTrace
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import pagefleet, pdf, workers
from tests.support.servers.trace_collector import Span, trace_collector


def by_name(spans: list[Span], name: str) -> Span:
    """The only span of that name."""
    (found,) = [span for span in spans if span.name == name]
    return found


@pytest.mark.parametrize(
    ("merge_at_once_pages", "merged_by"), [(0, "pagefleet-control"), (4, "pagefleet-worker")]
)
def test_a_trace_has_the_spans_of_submit_of_each_page_and_of_reduce(
    settings: SettingsFactory,
    tmp_path: Path,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    merge_at_once_pages: int,
    merged_by: str,
) -> None:
    made = settings(
        redis_url=redis_url, engine="fake", traces="otlp", fake_fail_pages="2", max_attempts=2,
        fake_latency_ms=100, max_concurrency=2, merge_at_once_pages=merge_at_once_pages,
    )  # fmt: skip
    with trace_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with workers(made, tmp_path / "log"):
            source = pdf(tmp_path / "a.pdf", 3)
            (line,) = pagefleet(made, "submit", str(source), "--wait", "--json").lines
        spans = collector.spans  # the workers have ended and sent the rest

    assert len({span.trace_id for span in spans}) == 1
    root, reduce = by_name(spans, "submit"), by_name(spans, "reduce")
    assert (root.parent_id, root.service) == ("", "pagefleet")
    assert (reduce.parent_id, reduce.service) == (root.span_id, merged_by)
    assert reduce.attributes["pagefleet.status"] == "partial"
    pages = [span for span in spans if span.name.startswith("page ")]
    assert sorted(span.name for span in pages) == ["page 1", "page 2", "page 2", "page 3"]
    assert {span.parent_id for span in pages} == {root.span_id}
    assert {span.attributes["pagefleet.job"] for span in spans if span in pages} == {line["job_id"]}
    last = max((span for span in pages if span.name == "page 2"), key=lambda span: span.end)
    assert (last.failed, last.attributes["pagefleet.outcome"]) == (True, "failed engine_failed")
    assert last.attributes["pagefleet.attempt"] == 2
    _check_stages(spans, by_name(spans, "page 1"))
    assert root.start < min(span.start for span in pages)
    assert reduce.start >= max(span.start for span in pages)


def _check_stages(spans: list[Span], page: Span) -> None:
    stages = sorted((s for s in spans if s.parent_id == page.span_id), key=lambda s: s.start)
    # To prepare nothing and to store no figure may take a measurable time, or none.
    names = [stage.name for stage in stages if stage.name not in ("prepare", "store")]
    assert names == ["queued", "fetch", "render", "engine", "commit"]
    assert stages[0].start == page.start
    engine = by_name(stages, "engine")
    assert 0.09 < engine.end - engine.start < 5
    for before, after in pairwise(stages):
        assert before.end <= after.start + 0.001
    assert stages[-1].end <= page.end


def test_pages_are_processed_without_a_collector(
    settings: SettingsFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    made = settings(engine="fake", traces="otlp")
    source = pdf(tmp_path / "a.pdf", 1)

    ended = pagefleet(made, "run", str(source), "-o", str(tmp_path / "out"), "--json")

    assert (ended.status, ended.lines[0]["status"]) == (0, "ok")


def test_the_console_exporter_writes_each_span_as_a_json_line(
    settings: SettingsFactory, tmp_path: Path, redis_url: str
) -> None:
    made = settings(redis_url=redis_url, engine="fake", traces="console")

    ended = pagefleet(made, "submit", str(pdf(tmp_path / "a.pdf", 1)))

    (span,) = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    assert span["name"] == "submit"
    assert span["attributes"]["pagefleet.job"] == ended.out.strip()
    assert span["parent_id"] is None


@pytest.mark.parametrize(("traces", "sent"), [("off", False), ("console", True)])
def test_messages_have_trace_headers_only_where_traces_are_on(
    settings: SettingsFactory, redis_url: str, traces: str, sent: bool
) -> None:
    made = settings(redis_url=redis_url, traces=traces)
    page = Dispatch("0123456789abcdef-01234567", 1, 1, "pages.fake.normal")

    Dispatcher(made, DispatchState(made)).publish([page])

    with redis.Redis.from_url(redis_url) as client:
        message = json.loads(client.lindex("pagefleet:pages.fake.normal", 0))
    assert ("traceparent" in message["headers"]) is sent


def test_every_process_samples_the_same_jobs(settings: SettingsFactory) -> None:
    made = settings(traces="console", trace_share=0.25)
    jobs = [f"{number:016x}-00000000" for number in range(400)]

    def sampled(service: str) -> list[bool]:
        tracing = tracing_of(made, service)
        return [tracing.headers(job)["traceparent"].endswith("-01") for job in jobs]

    chosen = sampled("one")
    assert chosen == sampled("another")
    assert 60 < sum(chosen) < 140


@pytest.mark.parametrize("sent", ["9" * 5000, "x", "", "-1", "\u0661" * 30])
def test_a_forged_time_of_sending_does_not_stop_a_page(
    settings: SettingsFactory, sent: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tracing = tracing_of(settings(traces="console"), "one")
    headers = {**tracing.headers("0123456789abcdef-01234567"), SENT_HEADER: sent}

    tracing.page(PageTrace("0123456789abcdef-01234567", 1, headers, start_ns=1, end_ns=2))

    assert "page 1" in capfd.readouterr().err


def test_no_exporter_is_imported_where_traces_are_off() -> None:
    code = (
        "import sys, workers.process.pages_process, producer.commands.submit;"
        "loaded = {'shared.telemetry.tracing_otel', 'opentelemetry.exporter'} & set(sys.modules);"
        "sys.exit(bool(loaded))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
