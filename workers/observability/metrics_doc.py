"""Writes ``docs/metrics.md`` from the metrics: ``python -m workers.observability.metrics_doc``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from shared.telemetry import service_metrics, watch_metrics
from shared.telemetry.buckets import WAITING_SECONDS
from workers.observability import (
    control_metrics,
    cost_labels,
    document_metrics,
    fleet_collector,
    metrics,
)

PATH = Path(__file__).parents[2] / "docs" / "metrics.md"
INTRODUCTION = """\
# Metrics and health

<!-- Written by `python -m workers.observability.metrics_doc`; a test compares it with the code. -->

Set `PAGEFLEET_METRICS_PORT` and each worker process serves `/metrics` (Prometheus), `/livez`,
`/startupz` and `/readyz`. The default is 0: no port is opened. The address is `127.0.0.1` unless
`PAGEFLEET_METRICS_HOST` says otherwise; in a container set it to `0.0.0.0`. There is no password
on this port: let only the scraper reach it.

## Ports of the processes

One worker machine runs several processes, and each has its own port, because vLLM keeps its
metrics in its own process. The ports count up from `PAGEFLEET_METRICS_PORT` in a fixed order: the
pages processes by GPU group, then the control process (reducer and sweeper). With
`PAGEFLEET_METRICS_PORT=9400` on a machine of two GPUs: 9400 and 9401 are the engines, 9402 is the
control process. A pod that runs one role uses exactly the port that was set. A process that is
restarted has the same port. A watcher (`pagefleet watch`) uses exactly the port that was set. If a
port is in use, the process logs an error and runs without it.

## Labels of all metrics

- `fleet` is the setting `PAGEFLEET_FLEET` (in the chart: namespace and release), so that fleets
  in one Prometheus can be told apart. Python's and vLLM's own metrics have it too. On Kubernetes
  the scraper adds `namespace` and `pod`.
- `pool` is in all metrics of a pages process, vLLM's included: the engine's name for its default
  model, and the engine, the model and a digest otherwise. `engine` stays the engine's name.
- `source` is in all metrics of a watcher: the address of its inbox.

## Health

| path | 200 if | never depends on |
|---|---|---|
| `/livez` | the loops of engine, sweeper and (while connected) Celery run | broker, store |
| `/startupz` | alive, and the engine is loaded | broker, store |
| `/readyz` | alive, the engine is loaded, messages are taken, the broker answers | store |

A broker outage makes a worker not ready and never dead, whether the broker is gone or does not
answer: Celery's loop may wait for a silent broker, and only the time in which the broker answers
counts. Each process asks the broker every 5 seconds in a thread of its own; one that had no answer
for `PAGEFLEET_BROKER_TIMEOUT_S` (30 seconds) is not ready. None of these requests,
and no scrape, waits for the broker or the store. A worker that is started during an outage loads
its engine and waits; a wrong address, password, certificate or bucket ends it with status 5.

For probes that run a command set
`PAGEFLEET_HEARTBEAT_DIR`: each healthy process touches a file there every 5 seconds, named after
its role (`cpu`, `vllm`, `vllm2`, `control`, `watch`), and stops touching it when `/livez` would
fail.

```sh
find "$PAGEFLEET_HEARTBEAT_DIR" -name vllm -newermt '-60 seconds' | grep -q .
```

## Cost

A page costs its share of its worker's time. Each moment is divided equally among the pages in
flight, from claim until the result is ready to be stored. So the seconds of all pages add up to
the time in which the worker had any page in flight, whatever its batch size.

- `worker_s` in a page result and in `document.json`, and `worker_seconds` in
  `pagefleet status JOB --json`, count the attempt that made the result. While a job is open, they
  cover the pages marked since the broker opened it.
- Attempts that failed, drained pages and duplicates are not in a job's cost. They are in
  `pagefleet_page_worker_seconds_total` with outcome `returned` or `duplicate`.
- A worker is one engine with all GPUs it owns, and `PAGEFLEET_PRICE_PER_HOUR` is the price of
  such a worker for an hour, in any currency. Multiply by the GPUs per worker for GPU seconds.
- Idle time belongs to no page. The price of the whole fleet is workers x hours x price:
  `sum(max by (namespace, fleet, pool) (pagefleet_workers)) * price / 3600` money per second. Each
  sweeper exports the same number of workers, so a plain sum counts a worker once for each sweeper.
  The difference to the pages' cost is the cost of idle time, loading and lost work.
- `PAGEFLEET_COST_LABELS=tenant` counts pages and worker time by the job label `tenant`
  (`pagefleet submit --label tenant=acme`) in `pagefleet_label_pages_total` and
  `pagefleet_label_worker_seconds_total`.

Money per second by tenant:

```
sum by (value) (rate(pagefleet_label_worker_seconds_total{label="tenant"}[5m])
  * on (fleet, pool, instance) group_left () pagefleet_worker_price_per_hour) / 3600
```

Each process keeps the first `PAGEFLEET_COST_LABEL_VALUES` values that it meets and counts the rest
as `other`. Set it to more than the number of tenants, or expect some of their cost in `other`. A
page counts for the labels of the submission that created its job.

## Waiting times and targets

`pagefleet_queue_wait_seconds` is the time from the dispatch of a page to its first claim, by the
broker's clock. Pages that wait in the store because the dispatch window is full are not dispatched
yet. `pagefleet_document_seconds` is the time from the submission of a job to its document; it
begins at the submitter's clock, or at the retry of a job that had ended. The rules in
`infra/monitoring/slo.yaml` compare both with targets and alert on burn rates:

| priority | pages claimed within | documents written within | share |
|---|---|---|---|
| high | 1 minute | 5 minutes | 99% |
| normal | 15 minutes | 1 hour | 95% |
| low | 6 hours | 24 hours | 95% |

The buckets of both histograms end at {buckets} seconds. A target must be one of them.
"""
VLLM = """\
## vLLM's own metrics

If the engine is vLLM, its metrics (`vllm:num_requests_running`, `vllm:kv_cache_usage_perc`,
`vllm:num_preemptions_total`, `vllm:generation_tokens_total`, …) are on the port of the same pages
process, with its labels `fleet` and `pool`. They are described in vLLM's documentation.
With drafts, `vllm:spec_decode_num_drafts_total` counts the steps with drafts of each page,
`vllm:spec_decode_num_draft_tokens_total` the drafted tokens and
`vllm:spec_decode_num_accepted_tokens_total` the accepted ones; Grafana shows them as `Drafts`.

Figures of the GPUs, such as use, memory, temperature and errors, come from NVIDIA's DCGM exporter
(`DCGM_FI_DEV_GPU_UTIL`, `DCGM_FI_DEV_FB_USED`, `DCGM_FI_DEV_GPU_TEMP`, `DCGM_FI_DEV_XID_ERRORS`),
scraped with `honorLabels: true`, so that `namespace` and `pod` are those of the pod that has the
GPU. Use of the GPUs by pool:

```
avg by (namespace, fleet, pool) (DCGM_FI_DEV_GPU_UTIL
  * on (namespace, pod) group_left (fleet, pool)
  max by (namespace, pod, fleet, pool) (pagefleet_engine_up))
```
"""
Row = tuple[str, str, tuple[str, ...], str]


def document() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION.replace("{buckets}", ", ".join(f"{s:g}" for s in WAITING_SECONDS)),
        _section("Pages processes", [*_own(metrics), *_own(cost_labels)]),
        _section("Control processes", _own(control_metrics)),
        _section("Processes that merge documents", _own(document_metrics)),
        _section(
            "The fleet",
            _fleet(),
            "Every control process with the sweep role exports these; it reads them from the "
            "broker every second, in three round trips, and a scrape gets the last figures. While "
            "the broker is away they stay, with their age, and `pagefleet_broker_up` is 0. Take "
            "`max by (…)` over processes, not the sum.",
        ),
        _section(
            "S3 and SQS",
            _own(service_metrics),
            "Every process that uses S3 or SQS exports these.",
        ),
        _section("Watchers", _own(watch_metrics), "`pagefleet watch` exports these."),
        VLLM,
    ]
    return "\n".join(parts)


def _own(module: object) -> Iterator[Row]:
    for value in vars(module).values():
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            suffix = "_total" if family.type == "counter" else ""
            yield family.name + suffix, family.type, value._labelnames, family.documentation


def _fleet() -> Iterator[Row]:
    for kind, table, suffix in (
        ("gauge", fleet_collector.GAUGES, ""),
        ("counter", fleet_collector.COUNTERS, "_total"),
    ):
        for name, (text, labels) in table.items():
            yield f"pagefleet_{name}{suffix}", kind, labels, text


def _section(title: str, rows: Iterable[Row], lead: str = "") -> str:
    lines = [f"## {title}", ""]
    if lead:
        lines += [lead, ""]
    lines += ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    lines += [f"| `{n}` | {t} | {', '.join(labels)} | {text} |" for n, t, labels, text in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(document())
