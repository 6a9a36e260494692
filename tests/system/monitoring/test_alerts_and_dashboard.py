"""The dashboard and the alerts use only metrics that a running fleet exports."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from shared.domain.errors import PagefleetError
from tests.support.fleets.watched_fleet import Watched
from tests.support.paths import ROOT
from tests.support.servers.prometheus_server import BINARY, prometheus, query

FOLDER = ROOT / "infra" / "monitoring"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
#: Metrics of vLLM itself; the test fleet has no GPU to run it.
OF_VLLM = {
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:generation_tokens_total",
}
#: The labels that a scraper adds.
OF_SCRAPE = {"instance", "job"}
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def panel_expressions() -> list[tuple[str, str]]:
    """Title and expression of every target, with the dashboard's variables filled in."""
    return [
        (panel["title"], target["expr"].replace("$__rate_interval", "5s").replace("$engine", ".*"))
        for panel in PANELS
        for target in panel["targets"]
    ]


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
    label_sets: dict[str, list[dict[str, str]]] = {}
    for name, labels in watched.samples():
        label_sets.setdefault(name, []).append(dict(labels))
    return label_sets


@pytest.mark.parametrize(
    ("where", "text"),
    [*panel_expressions(), *((rule["alert"], rule["expr"]) for rule in RULES)],
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
        own = [(title, e) for title, e in panel_expressions() if "vllm:" not in e]
        empty = [(title, text) for title, text in own if not query(address, text)]

    # Only this line may be empty, because the test's broker has no memory limit.
    assert [title for title, text in empty if "memory_limit" not in text] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_alerts_fire_on_failures_only() -> None:
    result = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yaml"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown renderer gives to headings."""
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}


def test_every_alert_links_to_its_section_of_the_runbook() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()

    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in RULES}

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
