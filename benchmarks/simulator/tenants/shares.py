"""What tenants get of a fleet, and how long their documents wait."""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

from benchmarks.simulator.corpus import Document, Job, Pages, equal_documents
from benchmarks.simulator.fleet import Fleet
from benchmarks.simulator.parameters import Control, Model, Tenants

#: Machines, and pages of one event.
GPUS, BATCH = 10, 16
#: Weights of tenants whose documents all wait from the start.
WEIGHTS = ((1, 1), (3, 1), (1, 2, 4), (10, 1), (1, 1, 1, 1, 1, 1, 1, 1))
#: Pages of each tenant, and of a document.
PAGES, DOCUMENT = 60_000, 300
#: Pages of the first windows, which fill in the order of submission.
SKIPPED = 20_000
#: A document of a small tenant, and how many arrive, one each ten seconds.
SMALL, ARRIVALS = 10, 30

Rows = list[list[str]]


def done_when_one_ends(
    model: Model, documents: Sequence[Document], skipped: int = 0
) -> dict[str, int]:
    """Pages of each tenant that are done when the first tenant has no page left.

    Without the first ``skipped`` pages of all.
    """
    left, done, passed = Counter[str](), Counter[str](), 0
    for document in documents:
        left[document.tenant] += document.pages

    def note(pages: Pages, _ok: bool) -> None:
        nonlocal passed
        if min(left.values()) > 0:
            passed += pages.count
            left[pages.job.document.tenant] -= pages.count
            if passed > skipped:
                done[pages.job.document.tenant] += pages.count

    Fleet(model, note).run(documents)
    return dict(done)


def shares() -> Rows:
    """The share of each tenant beside that of its weight."""
    rows = [["weights", "shares of the weights", "shares reached"]]
    for weights in WEIGHTS:
        names = [f"tenant {number}" for number in range(len(weights))]
        model = _model(Tenants(dict(zip(names, weights, strict=True)), is_used=True))
        each = [equal_documents(PAGES // DOCUMENT, DOCUMENT, name) for name in names]
        # They were submitted at the same time.
        documents = [one for group in zip_longest(*each) for one in group if one is not None]
        done = done_when_one_ends(model, documents, SKIPPED)
        wanted = [weight / sum(weights) for weight in weights]
        reached = [done[name] / sum(done.values()) for name in names]
        rows.append([":".join(map(str, weights)), _percent(wanted), _percent(reached)])
    return rows


def waits() -> Rows:
    """Seconds of a small tenant's documents beside a large tenant's corpus."""
    rows = [["dispatch", "median s of 10 pages", "slowest s"]]
    choices = {
        "jobs take turns, without tenants": Tenants(),
        "two tenants with equal weights": Tenants(is_used=True),
        "the large one also with a quota of half the window": Tenants(
            quotas={"large": GPUS * Model().engine.in_flight}, is_used=True
        ),
    }
    for name, tenants in choices.items():
        times = sorted(_small_times(tenants))
        rows.append([name, f"{times[len(times) // 2]:.0f}", f"{times[-1]:.0f}"])
    return rows


def _small_times(tenants: Tenants) -> list[float]:
    times = list[float]()

    def note(job: Job, end: float) -> None:
        if job.document.pages == SMALL:
            times.append(end - max(job.submitted_s, job.document.arrives_s))

    large, small = ("large", "small") if tenants.is_used else ("", "")
    # Its producers have submitted the corpus before the first small document arrives.
    corpus = list(equal_documents(1_000, 150, large))
    arriving = [Document(SMALL, 60.0 + 10 * n, small) for n in range(ARRIVALS)]
    Fleet(_model(tenants), on_document=note).run([*corpus, *arriving])
    return times


def _model(tenants: Tenants) -> Model:
    return Model(gpus=GPUS, batch=BATCH, tenants=tenants, control=Control(reducers=32))


def _percent(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1%}" for value in values)
