"""The dashboard and the alerts use only metrics that a running fleet exports."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from shared.domain.errors import PagefleetError
from shared.telemetry import service_metrics, watch_metrics
from shared.telemetry.buckets import WAITING_SECONDS
from tests.support.fleets.watched_fleet import Watched
from tests.support.paths import ROOT
from tests.support.servers.prometheus_server import BINARY, prometheus, query

FOLDER = ROOT / "infra" / "monitoring"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
FILES = ("alerts.yaml", "slo.yaml")
RULES = [
    rule
    for name in FILES
    for group in yaml.safe_load((FOLDER / name).read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
#: Metrics of vLLM itself; the test fleet has no GPU to run it.
OF_VLLM = {
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:generation_tokens_total",
    "vllm:num_preemptions_total",
    "vllm:request_success_total",
    "vllm:spec_decode_num_drafts_total",
    "vllm:spec_decode_num_draft_tokens_total",
    "vllm:spec_decode_num_accepted_tokens_total",
}
#: The labels that a scraper adds.
OF_SCRAPE = {"instance", "job", "namespace"}
COMMON = {"fleet": "pagefleet", "pool": "fake"}
#: Samples that the test fleet does not export, because it has no S3, no watcher, no Prometheus and
#: no documents of other priorities.
ELSEWHERE: dict[str, list[dict[str, str]]] = {
    **{
        f"pagefleet_service_{name}": [
            {**COMMON, "service": "s3", "operation": "GetObject", "outcome": outcome, "le": "5.0"}
            for outcome in ("ok", "failed", "throttled")
        ]
        for name in ("requests_total", "retries_total", "request_seconds_bucket")
    },
    **{
        f"pagefleet_watch_{name}": [
            {**COMMON, "source": "s3://b/in/", "event": "seen", "code": "internal", "le": "5.0"}
        ]
        for name in (
            "files_total", "errors_total", "last_scan_timestamp_seconds", "open_files",
            "waiting_files", "oldest_open_seconds", "oldest_waiting_seconds",
            "queue_lag_seconds_bucket",
        )
    },
    "pagefleet_document_seconds_bucket": [
        {**COMMON, "priority": priority, "le": bound}
        for priority, bound in (("high", "300.0"), ("low", "86400.0"))
    ],
    **{
        rule["record"]: [
            {**COMMON, "priority": "normal", "slo": slo} for slo in ("queue_wait", "document")
        ]
        for rule in RULES
        if "record" in rule
    },
}  # fmt: skip
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def panel_expressions() -> list[tuple[str, str]]:
    """Title and expression of every target, with the dashboard's variables filled in."""
    return [
        (panel["title"], _filled_in(target["expr"]))
        for panel in PANELS
        for target in panel["targets"]
    ]


def _filled_in(text: str) -> str:
    for variable, value in (("__rate_interval", "5s"), ("fleet", ".*"), ("pool", ".*")):
        text = text.replace(f"${variable}", value)
    return text


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of a metric in a parsed expression."""
    if isinstance(node, promql.VectorSelector):
        yield node
    elif isinstance(node, promql.MatrixSelector):
        yield node.vector_selector
    else:
        parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs")]
        for part in (*parts, *getattr(node, "args", ())):
            if part is not None:
                yield from selectors(part)


def grouping_labels(text: str) -> set[str]:
    """Labels in ``by (…)``, ``on (…)`` and ``group_left (…)``."""
    lists = re.findall(r"\b(?:by|on|group_left)\s*\(([^)]*)\)", text)
    return {label.strip() for each in lists for label in each.split(",") if label.strip()}


def exists(selector: Any, exported: dict[str, list[dict[str, str]]]) -> bool:
    """Whether some exported sample has the metric's name and fits every matcher."""
    return any(
        all(fits(matcher, labels) for matcher in selector.matchers.matchers)
        for labels in exported.get(selector.name, [])
    )


def fits(matcher: Any, labels: dict[str, str]) -> bool:
    """Whether the label exists and fits; negative matchers fit every value."""
    if matcher.name not in labels:
        return False
    if matcher.op == promql.MatchOp.Equal:
        return bool(labels[matcher.name] == matcher.value)
    if matcher.op == promql.MatchOp.Re:
        return re.fullmatch(matcher.value, labels[matcher.name]) is not None
    return True


@pytest.fixture(scope="module")
def exported(watched: Watched) -> dict[str, list[dict[str, str]]]:
    """Label sets of every metric that the fleet exports."""
    label_sets: dict[str, list[dict[str, str]]] = {
        name: [*each] for name, each in ELSEWHERE.items()
    }
    for name, labels in watched.samples():
        label_sets.setdefault(name, []).append(dict(labels))
    return label_sets


@pytest.mark.parametrize(
    ("where", "text"),
    [
        *panel_expressions(),
        *((rule.get("alert") or rule["record"], rule["expr"]) for rule in RULES),
    ],
)
def test_every_metric_and_label_of_an_expression_is_exported(
    where: str, text: str, exported: dict[str, list[dict[str, str]]]
) -> None:
    used = list(selectors(promql.parse(text)))

    own = [selector for selector in used if selector.name not in OF_VLLM]
    assert used
    assert [selector.name for selector in own if not exists(selector, exported)] == []
    labels = {label for s in own for each in exported[s.name] for label in each}
    if own:
        assert grouping_labels(text) - labels - OF_SCRAPE == set(), where


@pytest.mark.skipif(BINARY is None, reason="prometheus is not installed")
def test_prometheus_has_data_for_every_panel(watched: Watched, tmp_path: Path) -> None:
    ports = (watched.pages_port, watched.control_port)
    with prometheus(tmp_path, ports) as address:
        elsewhere = ("vllm:", *ELSEWHERE)
        own = [
            (title, text)
            for title, text in panel_expressions()
            if not any(name in text for name in elsewhere)
        ]
        empty = [(title, text) for title, text in own if not query(address, text)]

    # Only this line may be empty, because the test's broker has no memory limit.
    assert [title for title, text in empty if "memory_limit" not in text] == []


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("file", ["alerts_test.yaml", "slo_test.yaml"])
def test_alerts_fire_on_failures_only(file: str) -> None:
    result = subprocess.run(
        [str(PROMTOOL), "test", "rules", file],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_the_documented_expression_joins_gpus_with_their_pool(tmp_path: Path) -> None:
    """Two GPUs of a pod with two engines, and so two ports, and a GPU of another team."""
    page = (ROOT / "docs" / "metrics.md").read_text()
    (expression,) = re.findall(r"```\n(avg by [^`]*DCGM[^`]*)```", page)
    use = "DCGM_FI_DEV_GPU_UTIL"
    up = 'pagefleet_engine_up{namespace="ocr",pod="pf-vllm-1",fleet="f",pool="vllm"'
    series = {
        f'{use}{{gpu="0",namespace="ocr",pod="pf-vllm-1"}}': "90",
        f'{use}{{gpu="1",namespace="ocr",pod="pf-vllm-1"}}': "70",
        f'{use}{{gpu="2",namespace="other",pod="x"}}': "10",
        f'{up},instance="a:1"}}': "1",
        f'{up},instance="a:2"}}': "1",
    }
    sample = {"labels": '{namespace="ocr",fleet="f",pool="vllm"}', "value": 80}
    test = {
        "input_series": [{"series": name, "values": value} for name, value in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": "0m", "exp_samples": [sample]}],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"tests": [test]}))

    ended = subprocess.run(
        [str(PROMTOOL), "test", "rules", "test.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_selector_of_a_rule_names_a_fleet() -> None:
    """The chart replaces this matcher by the fleet of the release."""
    for rule in RULES:
        for selector in selectors(promql.parse(rule["expr"])):
            found = [m for m in selector.matchers.matchers if m.name == "fleet"]
            assert [str(m.value) for m in found] == [".+"], (rule, selector.name)
        assert rule["expr"].count('fleet=~".+"') == len(list(selectors(promql.parse(rule["expr"]))))


def test_every_aggregation_of_a_rule_keeps_the_fleet_and_its_namespace() -> None:
    for rule in ALERTS:
        for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", rule["expr"]):
            kept = {label.strip() for label in labels.split(",")}
            is_scalar = kept == {""}  # "or on () absent(…)"
            slo = {"fleet", "slo"} <= kept
            assert is_scalar or slo or {"namespace", "fleet"} <= kept, (rule["alert"], labels)


def test_every_target_of_the_objectives_is_a_bucket_of_its_histogram() -> None:
    buckets = {f"{float(bound)}" for bound in WAITING_SECONDS}
    for rule in RULES:
        assert set(re.findall(r'le="([^"]+)"', rule["expr"])) <= buckets


def test_the_metrics_of_other_processes_have_the_labels_of_the_code() -> None:
    for module in (service_metrics, watch_metrics):
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                (family,) = metric.describe()
                used = [name for name in ELSEWHERE if name.startswith(family.name)]
                assert used, family.name
                assert all(set(metric._labelnames) <= each.keys() for each in ELSEWHERE[used[0]])


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown renderer gives to headings."""
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}


def test_every_alert_links_to_its_section_of_the_runbook() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()

    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in ALERTS}

    assert {link.partition("#")[0] for link in links.values()} == {"docs/runbook.md"}
    assert {link.partition("#")[2] for link in links.values()} == anchors(text) - {"error-codes"}
    for alert, link in links.items():
        name = alert.removeprefix("Pagefleet")
        assert link.endswith("#" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower())
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        if not section.startswith("Error codes"):
            assert all(f"**{word}.**" in section for word in ("Means", "Look at", "Do")), section


def test_the_runbook_explains_every_error_code() -> None:
    def codes(kind: type[PagefleetError]) -> Iterator[str]:
        yield kind.code
        for child in kind.__subclasses__():
            yield from codes(child)

    text = (ROOT / "docs" / "runbook.md").read_text()
    own_codes = {c for c in codes(PagefleetError) if c not in ("usage", "failed", "timed_out")}

    assert {code for code in own_codes if f"`{code}`" not in text} <= {"not_found"}


def test_panels_do_not_overlap_and_each_has_a_description() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
                assert x < 24
    assert [panel["title"] for panel in PANELS if not panel["description"]] == []
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
