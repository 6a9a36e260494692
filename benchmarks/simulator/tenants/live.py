"""Runs real fleets whose tenants share them, and the model of each.

    python -m benchmarks.simulator validate-tenants

Counts are compared and not times: the pages of each tenant that were read when the first tenant's
document ended.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from benchmarks.documents import numbered_pdf
from benchmarks.simulator.corpus import Document
from benchmarks.simulator.parameters import Model, Tenants
from benchmarks.simulator.tenants.shares import done_when_one_ends
from benchmarks.simulator.validate import IN_FLIGHT, convert, fleet_model, real_fleet
from producer.local.embedded_broker import EmbeddedBroker
from shared.config.settings import load_settings

#: Weights of the tenants of each run, and pages of each tenant.
RUNS: tuple[Mapping[str, int], ...] = ({"a": 1, "b": 1}, {"a": 3, "b": 1}, {"a": 4, "b": 2, "c": 1})
PAGES = 160
#: Milliseconds of the fake engine for a page: long, so that the processor is not the limit.
LATENCY_MS = 100
LABEL = "team"


def main() -> int:
    """Print the pages of each tenant, real and simulated, for each fleet."""
    print("| weights | pages, real | pages, simulated |\n|---|---|---|")
    for weights in RUNS:
        real, simulated = _real(weights), _simulated(weights)
        print(f"| {_row(weights)} | {_row(real)} | {_row(simulated)} |", flush=True)
    return 0


def _row(numbers: Mapping[str, int]) -> str:
    return " : ".join(str(number) for _, number in sorted(numbers.items()))


def _simulated(weights: Mapping[str, int]) -> dict[str, int]:
    model: Model = fleet_model(1, 0.05, Tenants(weights, is_used=True))
    # The first one fills the window alone, as in the real fleet.
    return done_when_one_ends(model, [Document(_pages(name), tenant=name) for name in weights])


def _real(weights: Mapping[str, int]) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name:
        home = Path(name)
        with EmbeddedBroker(load_settings(home=home)) as broker:
            settings = load_settings(
                home=home,
                redis_url=SecretStr(broker.url),
                engine="fake",
                fake_render=False,
                fake_latency_ms=LATENCY_MS,
                fake_journal=home / "journal",
                max_concurrency=IN_FLIGHT,
                tenant_label=LABEL,
                tenant_weights=",".join(f"{each}={weight}" for each, weight in weights.items()),
            )
            documents = [numbered_pdf(home / f"{each}.pdf", _pages(each)) for each in weights]
            labels = [{LABEL: each} for each in weights]
            # The pages wait when the workers come, so that all tenants begin at the same time.
            with real_fleet(settings, 1):
                jobs = convert(settings, documents, labels)[1]
            journal = (home / "journal").read_text("utf-8").splitlines()
    of_digest = {job[:12]: each for job, each in zip(jobs, weights, strict=True)}
    return _first_end([of_digest[line.split()[0]] for line in journal])


def _first_end(order: list[str]) -> dict[str, int]:
    """The pages of each tenant up to the first tenant's last one."""
    done = Counter[str]()
    for name in order:
        done[name] += 1
        if done[name] == _pages(name):
            break
    return dict(done)


def _pages(tenant: str) -> int:
    """Different numbers, so that the bytes of the documents differ."""
    return PAGES + ord(tenant) - ord("a")
