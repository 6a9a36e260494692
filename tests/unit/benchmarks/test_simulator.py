"""The model of the fleet conserves pages and agrees with what can be calculated by hand."""

import random
import re
from collections import Counter
from dataclasses import replace
from itertools import repeat
from xml.etree import ElementTree

import pytest
import simpy

from benchmarks.simulator.corpus import (
    Document,
    Job,
    Pages,
    arriving_documents,
    equal_documents,
    skewed_documents,
)
from benchmarks.simulator.fleet import Fleet, Result, simulate
from benchmarks.simulator.parameters import (
    Autoscaling,
    BrokerCosts,
    Control,
    Dispatching,
    Engine,
    Faults,
    Model,
    Tenants,
    free_model,
)
from benchmarks.simulator.plots import Line, Plot, draw
from benchmarks.simulator.servers import Server

SMALL = Engine(page_s=0.03, latency_s=1.0, in_flight=64, cold_start_s=20, provision_s=30)
FAULTS = Faults(
    preemptions=20, notice_s=2, losses=20, crashes=20, page_failures=0.02, stragglers=0.2
)


def _ends(model: Model, documents: list[Document]) -> tuple[Result, dict[Job, Counter[int]]]:
    """The result, and how often each page of each job has ended."""
    ends: dict[Job, Counter[int]] = {}

    def note(pages: Pages, _ok: bool) -> None:
        numbers = range(pages.first, pages.first + pages.count)
        ends.setdefault(pages.job, Counter()).update(numbers)

    return Fleet(model, note).run(documents), ends


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("faults", [Faults(), FAULTS])
@pytest.mark.parametrize("autoscaling", [None, Autoscaling(most=6, cooldown_s=30)])
def test_every_page_ends_exactly_once(
    seed: int, faults: Faults, autoscaling: Autoscaling | None
) -> None:
    documents = [*skewed_documents(6_000, 60, seed), *equal_documents(50, 1)]
    model = Model(
        gpus=4, shards=2, batch=16, engine=SMALL, faults=faults, autoscaling=autoscaling, seed=seed
    )

    result, ends = _ends(model, documents)

    assert len(ends) == len(documents) == result.documents
    for job, pages in ends.items():
        assert pages == Counter(range(job.document.pages)), job
    assert result.pages == sum(document.pages for document in documents)
    assert result.readings == result.pages + result.failed_readings - _final(result)
    if not faults.ends:
        assert result.read_twice == result.ends == 0


def _final(result: Result) -> int:
    """Failed readings that were not repeated: each page that ended as failed has one."""
    return result.failed


def test_faults_make_pages_be_read_twice() -> None:
    model = Model(gpus=4, batch=16, engine=SMALL, faults=FAULTS)

    result, _ = _ends(model, [Document(20_000)])

    assert result.ends > 0
    assert result.read_twice > 0
    assert result.failed_readings > 0


@pytest.mark.parametrize(("gpus", "batch"), [(1, 1), (1, 8), (10, 8), (10, 32)])
def test_without_other_costs_the_engines_set_the_speed_exactly(gpus: int, batch: int) -> None:
    documents = equal_documents(4, gpus * 64 * 4)

    result = simulate(free_model(gpus, 0.03, batch, 64), documents)

    assert result.pages / result.seconds == pytest.approx(gpus / 0.03, rel=1e-9)


def test_a_broker_at_its_limit_sets_the_speed() -> None:
    costs = BrokerCosts(renew_s=0, look_s=0, heartbeat_s=0, sum_worker_s=0, job_s=0, round_trip_s=0)
    model = replace(free_model(10, 0.0001, 8, 64), broker=costs)

    result = simulate(model, equal_documents(1, 50_000))

    assert result.steady_per_s == pytest.approx(1 / costs.page_s, rel=0.005)
    assert result.pages / result.seconds == pytest.approx(1 / costs.page_s, rel=0.005)


def test_heartbeats_and_looks_take_their_share_of_the_broker() -> None:
    model = Model(gpus=50, batch=64, broker=BrokerCosts(renew_s=0))

    result = simulate(model, equal_documents(1, 100_000))

    costs = model.broker
    beats = costs.heartbeat_s / costs.heartbeat_interval_s
    sums = costs.sum_worker_s / costs.sum_interval_s
    expected = 50 * (beats + sums + costs.look_s / costs.look_interval_s)
    assert result.broker_background == pytest.approx(expected, rel=0.01)


def test_renewals_take_their_share_of_the_broker() -> None:
    costs = BrokerCosts(look_s=0, heartbeat_s=0, sum_worker_s=0)
    model = Model(gpus=50, batch=64, broker=costs)

    result = simulate(model, equal_documents(1, 1_000_000))

    # In most of the run every engine is full; then the last document is merged.
    full = 50 * model.engine.in_flight * costs.renew_s / costs.renewal_s
    reading = result.pages / (50 / model.engine.page_s) / result.seconds
    assert result.broker_background == pytest.approx(full * reading, rel=0.1)


def test_littles_law_holds() -> None:
    documents = arriving_documents(per_hour=600, pages=200, hours=0.2, seed=3)

    result = simulate(Model(gpus=4, batch=16, engine=SMALL), documents)

    arrivals_per_s = result.pages / result.seconds
    assert result.mean_outstanding == pytest.approx(arrivals_per_s * result.page_s, rel=1e-6)


def test_the_queue_of_a_server_has_the_known_mean_wait() -> None:
    # Poisson arrivals and one service time (M/D/1): the wait is s u / (2 (1 - u)), u the load.
    env, gaps, service_s, load = simpy.Environment(), random.Random(4), 0.01, 0.7
    server = Server(env)

    def arrive() -> simpy.events.ProcessGenerator:
        for _ in repeat(None, 40_000):
            yield env.timeout(gaps.expovariate(load / service_s))
            server.serve(service_s)

    env.process(arrive())
    env.run()

    expected = service_s * load / (2 * (1 - load))
    assert server.waited_s / server.served == pytest.approx(expected, rel=0.08)


def test_equal_seeds_give_equal_results_and_others_do_not() -> None:
    model = Model(gpus=4, batch=16, engine=SMALL, faults=FAULTS)
    documents = list(skewed_documents(4_000, 60, seed=1))

    first, again = simulate(model, documents), simulate(model, documents)
    other = simulate(replace(model, seed=2), documents)

    assert first == again
    assert first != other


@pytest.mark.parametrize("gpus", [5, 40])
def test_the_pages_of_an_event_hardly_change_the_result(gpus: int) -> None:
    fine, coarse = (
        simulate(
            Model(gpus=gpus, batch=batch, control=Control(reducers=20)),
            skewed_documents(gpus * 8_000, 300, seed=2),
        )
        for batch in (32, 192)
    )

    assert coarse.steady_per_s == pytest.approx(fine.steady_per_s, rel=0.02)
    assert coarse.broker_busy == pytest.approx(fine.broker_busy, rel=0.03)


def test_a_small_job_does_not_wait_for_a_large_one() -> None:
    def median_of_small(*, turns: bool) -> float:
        waits: list[float] = []

        def note(job: Job, end: float) -> None:
            if job.document.pages == 10:
                waits.append(end - job.document.arrives_s)

        model = Model(gpus=1, batch=8, engine=SMALL, turns=turns)
        Fleet(model, on_document=note).run([Document(6_000), *equal_documents(20, 10)])
        return sorted(waits)[10]

    assert median_of_small(turns=True) < 0.2 * median_of_small(turns=False)


def test_tenants_get_their_shares() -> None:
    at_half: Counter[str] = Counter()

    def note(pages: Pages, _ok: bool) -> None:
        if at_half.total() < 5_000:
            at_half[pages.job.document.tenant] += pages.count

    documents = [*equal_documents(10, 1_000, "large"), *equal_documents(10, 1_000, "small")]
    tenants = Tenants({"large": 3}, is_used=True)
    Fleet(Model(gpus=1, batch=8, engine=SMALL, tenants=tenants), note).run(documents)

    assert at_half["large"] / at_half["small"] == pytest.approx(3, rel=0.1)


def test_idle_shares_go_to_the_others_and_a_quota_holds() -> None:
    most: Counter[str] = Counter()
    model = Model(
        gpus=1, batch=8, engine=SMALL, tenants=Tenants(quotas={"small": 24}, is_used=True)
    )
    fleet = Fleet(model, lambda _pages, _ok: most.update(broker.load - most))
    ((broker, _),) = fleet._shards
    documents = [*equal_documents(4, 1_000, "large"), *equal_documents(4, 250, "small")]

    result = fleet.run(documents)

    assert result.pages == 5_000
    assert most["small"] <= 24
    assert most["large"] > SMALL.in_flight
    assert broker.load.total() == 0
    # The engine is never without pages, although one tenant is kept back and ends late.
    assert result.steady_per_s == pytest.approx(1 / SMALL.page_s, rel=1e-3)


def test_another_tenants_job_is_opened_although_one_has_filled_the_lane() -> None:
    ends: list[tuple[str, float]] = []

    def note(job: Job, end: float) -> None:
        ends.append((job.document.tenant, end))

    dispatching = Dispatching(max_open_jobs=100)
    tenants = Tenants(is_used=True)
    model = replace(free_model(1, 0.01, 8, 64), dispatching=dispatching, tenants=tenants)
    documents = [*equal_documents(1_000, 8, "large"), Document(8, 1.0, "small")]
    Fleet(model, on_document=note).run(documents)

    (small,) = (end for tenant, end in ends if tenant == "small")
    # A window and what is in flight, and one turn.
    assert small < 1.0 + (3 * 64 + 16) * 0.01


def test_documents_beyond_the_open_jobs_wait_for_the_sweeper() -> None:
    dispatching = Dispatching(max_open_jobs=100)
    model = replace(free_model(10, 1e-6, 8, 64), dispatching=dispatching)

    result = simulate(model, equal_documents(1_000, 1))

    # The first hundred are opened at once, the others a hundred in each round of ten seconds.
    assert result.seconds == pytest.approx(90, abs=1)


def test_an_idle_pool_ends_its_machines_and_starts_them_again() -> None:
    model = Model(
        batch=16, engine=SMALL, autoscaling=Autoscaling(most=4, cooldown_s=60, stabilization_s=60)
    )
    documents = [Document(2_000, arrives_s=10), Document(2_000, arrives_s=7_200)]

    result, _ = _ends(model, documents)

    # Each document waits for a machine and a cold start; nothing runs in the two hours between.
    assert result.median_s > SMALL.provision_s + SMALL.cold_start_s
    assert result.machine_hours < 0.5


@pytest.mark.parametrize("log", [True, False])
def test_a_plot_shows_every_line_inside_its_area(log: bool) -> None:
    lines = (Line("one & two", ((1, 10), (100, 900))), Line("three", ((1, 20), (100, 30))))

    root = ElementTree.fromstring(draw(Plot("title", "x", "y", lines, log, log)))

    paths = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert sum(path.count("L") for path in paths) == 2
    numbers = [float(number) for path in paths for number in re.findall(r"[\d.]+", path)]
    assert min(numbers) >= 0
    assert max(numbers) <= 820
    assert "one & two" in "".join(root.itertext())
