"""The experiments of docs/scale.md: each gives a table and perhaps a plot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.simulator.corpus import (
    Document,
    arriving_documents,
    equal_documents,
    skewed_documents,
)
from benchmarks.simulator.faults import HOUR_S
from benchmarks.simulator.fleet import Fleet, Result, simulate
from benchmarks.simulator.parameters import (
    Autoscaling,
    BrokerCosts,
    Control,
    Faults,
    Model,
    StoreCosts,
)
from benchmarks.simulator.plots import Line, Plot
from benchmarks.simulator.tenants.shares import shares, waits

#: Pages of one event in large fleets: a sixth of an engine's pages in flight.
BATCH = 96
#: Pages that each engine reads in a run about speed.
PAGES_A_GPU = 8_000
MEAN_PAGES = 300
#: A store that S3 has divided by prefixes, and reducers as many as are needed.
WIDE_STORE = StoreCosts(gets_per_s=1e6, puts_per_s=1e6)
MANY_REDUCERS = Control(producers=500, reducers=2_000)
#: An hour of an H100 that may be taken away, as a share of the usual price: an assumption.
SPOT_PRICE = 0.4
#: Half of the time of Redis a page.
_NOW = BrokerCosts()
LEANER = replace(
    _NOW,
    dispatch_s=_NOW.dispatch_s / 2,
    message_s=_NOW.message_s / 2,
    claim_s=_NOW.claim_s / 2,
    finish_s=_NOW.finish_s / 2,
)


@dataclass(frozen=True)
class Answer:
    """A table, its heading line first, and a plot."""

    rows: Sequence[Sequence[str]]
    plot: Plot | None = None


def large(gpus: int, **changes: object) -> Model:
    """A fleet in which neither store nor reducers are the limit."""
    model = Model(gpus=gpus, batch=BATCH, store=WIDE_STORE, control=MANY_REDUCERS)
    return replace(model, **changes)  # type: ignore[arg-type]


def _speed(model: Model) -> Result:
    pages = max(200_000, min(model.gpus * PAGES_A_GPU, 6_000_000))
    return simulate(model, skewed_documents(pages, MEAN_PAGES, seed=1))


def redis() -> Answer:
    """How many GPUs one Redis serves."""
    sizes = (50, 100, 150, 200, 300, 500, 1000)
    rows = [["GPUs", "pages/s", "of the engines' speed", "Redis busy", "renewals, heartbeats"]]
    costs = {"one Redis, as measured": BrokerCosts(), "half of the cost a page": LEANER}
    lines = list[Line]()
    for name, broker in costs.items():
        points = list[tuple[float, float]]()
        for gpus in sizes:
            result, model = _speed(large(gpus, broker=broker)), large(gpus)
            points.append((gpus, result.steady_per_s))
            ideal = gpus / model.engine.page_s
            rows.append(
                [f"{gpus}, {name}", f"{result.steady_per_s:,.0f}",
                 f"{result.steady_per_s / ideal:.0%}", f"{result.broker_busy:.0%}",
                 f"{result.broker_background:.0%}"]
            )  # fmt: skip
        lines.append(Line(name, tuple(points)))
    ideal_points = tuple((gpus, gpus / Model().engine.page_s) for gpus in sizes)
    lines.append(Line("the engines alone", ideal_points, dashed=True))
    return Answer(rows, Plot("One Redis", "GPUs", "pages per second", tuple(lines)))


def limits() -> Answer:
    """What breaks first with one control process, four producers and one prefix of the store."""
    rows = [
        ["documents", "GPUs", "pages/s", "GPU busy", "Redis", "reducers", "PUT rate", "GET rate",
         "Redis memory"]
    ]  # fmt: skip
    for kind, pages in (("300 pages, skewed", MEAN_PAGES), ("one page", 1)):
        for gpus in (1, 5, 10, 20, 50, 200):
            total = gpus * PAGES_A_GPU if pages > 1 else min(gpus * 2_000, 20_000)
            documents = (
                skewed_documents(total, pages, seed=1)
                if pages > 1
                else equal_documents(total, pages)
            )
            control = replace(Control(), reducers=1)
            result = simulate(Model(gpus=gpus, batch=BATCH, control=control), documents)
            rows.append(
                [kind, f"{gpus}", f"{result.pages / result.seconds:,.0f}", f"{result.gpu_busy:.0%}",
                 f"{result.broker_busy:.0%}", f"{result.reducers_busy:.0%}",
                 f"{result.puts_busy:.0%}", f"{result.gets_busy:.0%}",
                 f"{result.broker_bytes / 1e6:,.0f} MB"]
            )  # fmt: skip
    return Answer(rows)


def shards() -> Answer:
    """What several brokers give."""
    sizes, rows = (100, 300, 1000), [["brokers", "GPUs", "pages/s", "of the engines' speed"]]
    lines = list[Line]()
    for number in (1, 2, 4, 8, 16):
        points = list[tuple[float, float]]()
        for gpus in sizes:
            model = large(gpus, shards=number)
            result = _speed(model)
            share = result.steady_per_s * model.engine.page_s / gpus
            rows.append([f"{number}", f"{gpus}", f"{result.steady_per_s:,.0f}", f"{share:.0%}"])
            points.append((gpus, result.steady_per_s))
        lines.append(Line(f"{number} brokers" if number > 1 else "1 broker", tuple(points)))
    return Answer(rows, Plot("Several brokers", "GPUs", "pages per second", tuple(lines)))


def zero() -> Answer:
    """What scaling to zero costs: documents of 200 pages in twelve hours."""
    rows = [["documents an hour", "machines", "machine hours", "money", "median s", "slowest s"]]
    lines = list[Line]()
    for least, name in ((0, "0 to 4"), (1, "1 to 4")):
        points = list[tuple[float, float]]()
        for per_hour in (0.5, 2, 8, 30, 120):
            model = Model(batch=8, autoscaling=Autoscaling(least=least, most=4))
            documents = arriving_documents(per_hour, 200, hours=12, seed=2)
            result = Fleet(model).run(documents, least_s=12 * HOUR_S)
            rows.append(
                [f"{per_hour:g}", name, f"{result.machine_hours:.1f}", f"{result.money:.1f}",
                 f"{result.median_s:.0f}", f"{result.slowest_s:.0f}"]
            )  # fmt: skip
            points.append((per_hour, result.money / result.pages * 1e6))
        lines.append(Line(f"{name} machines", tuple(points)))
    plot = Plot("Scaling to zero", "documents an hour", "money for a million pages", tuple(lines))
    return Answer(rows, plot)


def spot() -> Answer:
    """What pre-emption costs: a million pages on 50 machines."""
    rows = [
        ["pre-emptions an hour", "notice s", "seconds", "machine hours", "read twice",
         "money, usual price", "money, spot price"]
    ]  # fmt: skip
    lines = list[Line]()
    for notice_s in (120, 30, 5, 0):
        points = list[tuple[float, float]]()
        for rate in (0, 0.05, 0.2, 1, 4):
            lost = notice_s == 0
            faults = Faults(
                preemptions=0 if lost else rate, losses=rate if lost else 0, notice_s=notice_s
            )
            result = _spot(faults)
            rows.append(
                [f"{rate:g}", f"{notice_s}" if not lost else "none", f"{result.seconds:,.0f}",
                 f"{result.machine_hours:.1f}", f"{result.read_twice / result.pages:.2%}",
                 f"{result.money:.0f}", f"{_spot_money(result):.0f}"]
            )  # fmt: skip
            points.append((rate, result.seconds))
        lines.append(Line(f"{notice_s} s of notice", tuple(points)))
    title = "A million pages on 50 machines that are taken away"
    plot = Plot(title, "pre-emptions of a machine an hour", "seconds", tuple(lines), False, False)
    return Answer(rows, plot)


def _spot(faults: Faults) -> Result:
    model = large(50, batch=96, faults=faults, warm=False)
    return simulate(model, skewed_documents(1_000_000, MEAN_PAGES, seed=1))


def _spot_money(result: Result) -> float:
    """What the run costs where machines have the spot price, and requests their own."""
    saved = result.machine_hours * Model().engine.price_per_hour * (1 - SPOT_PRICE)
    return result.money - saved


def corpora() -> Answer:
    """What a million and a billion pages cost in time and money."""
    rows = [["pages", "GPUs", "brokers", "hours", "machine hours", "money", "pages/s"]]
    runs = ((1e6, 1, 1), (1e6, 10, 1), (1e6, 100, 1), (1e7, 100, 1), (1e8, 1000, 16))
    for pages, gpus, number in runs:
        result = _corpus(int(pages), gpus, number)
        rows.append(_corpus_row(f"{pages:,.0f}", gpus, number, result, 1.0))
        if pages == 1e8:
            # Without start and end, which stay as long.
            rows.append(_corpus_row("1,000,000,000 (ten times)", gpus, number, result, 10.0))
    return Answer(rows)


def _corpus(pages: int, gpus: int, number: int) -> Result:
    model = large(gpus, batch=288, shards=number, warm=False)
    return simulate(model, skewed_documents(pages, MEAN_PAGES, seed=1))


def _corpus_row(pages: str, gpus: int, number: int, result: Result, times: float) -> list[str]:
    return [
        pages, f"{gpus}", f"{number}", f"{result.seconds / 3600 * times:.2f}",
        f"{result.machine_hours * times:,.0f}", f"{result.money * times:,.0f}",
        f"{result.steady_per_s:,.0f}",
    ]  # fmt: skip


def turns() -> Answer:
    """How long small documents wait behind one of 50,000 pages."""
    rows = [["dispatch order", "median s of 10 pages", "slowest s of 10 pages"]]
    for by_turns, name in ((True, "by turns"), (False, "by submission")):
        waits = list[float]()
        model = Model(gpus=10, batch=16, turns=by_turns, control=Control(reducers=16))
        fleet = Fleet(
            model,
            on_document=lambda job, end, waits=waits: (
                waits.append(  # type: ignore[misc]
                    end - max(job.submitted_s, job.document.arrives_s)
                )
                if job.document.pages == 10
                else None
            ),
        )
        small = [Document(10, arrives_s=20.0 + number) for number in range(60)]
        fleet.run([Document(50_000), *small])
        rows.append([name, f"{sorted(waits)[30]:.0f}", f"{max(waits):.0f}"])
    return Answer(rows)


def batch() -> Answer:
    """That the pages of an event do not change the result."""
    rows = [["GPUs", "pages of an event", "pages/s", "seconds", "Redis busy"]]
    for gpus in (20, 400):
        for size in (16, 32, 64, 96, 192):
            result = _speed(large(gpus, batch=size))
            rows.append(
                [f"{gpus}", f"{size}", f"{result.steady_per_s:,.1f}", f"{result.seconds:.0f}",
                 f"{result.broker_busy:.1%}"]
            )  # fmt: skip
    return Answer(rows)


EXPERIMENTS: dict[str, Callable[[], Answer]] = {
    "redis": redis,
    "limits": limits,
    "shards": shards,
    "zero": zero,
    "spot": spot,
    "corpora": corpora,
    "turns": turns,
    "tenants": lambda: Answer(shares()),
    "waits": lambda: Answer(waits()),
    "batch": batch,
}
