"""What the model assumes, each value with the command or file that it comes from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

INFINITE = math.inf
#: Bytes of Redis for each queued page with its message: `python -m benchmarks.scale`.
QUEUED_PAGE_BYTES = 746


@dataclass(frozen=True)
class BrokerCosts:
    """Seconds of Redis' one thread: `python -m benchmarks.simulator measure`, 2026-12-01.

    Two cores with a load of 8, where a PING took 7.5 us: an idle machine is faster.
    """

    dispatch_s: float = 6e-6
    message_s: float = 30e-6
    claim_s: float = 40e-6
    finish_s: float = 38e-6
    #: One page of one renewal; every engine renews all its pages each ``renewal_s`` seconds, and
    #: looks for cancelled jobs each ``look_interval_s``.
    renew_s: float = 6.0e-6
    renewal_s: float = 18.0
    look_s: float = 69e-6
    look_interval_s: float = 2.0
    #: One heartbeat, and the sum of all, which reads that of each live worker of the pool.
    heartbeat_s: float = 66e-6
    heartbeat_interval_s: float = 8.0
    sum_worker_s: float = 1.7e-6
    sum_interval_s: float = 5.0
    #: Opens a job, sends and takes its reduce message, and ends it.
    job_s: float = 74e-6
    #: Network time of a command, without Redis' own: within one zone of a cloud.
    round_trip_s: float = 0.5e-3

    def take_s(self, pages: int) -> float:
        """Seconds to take and claim so many pages; the messages' later end is in ``end_s``."""
        return pages * (self.message_s / 2 + self.claim_s)

    def end_s(self, pages: int) -> float:
        """Seconds to mark so many pages and to acknowledge their messages."""
        return pages * (self.message_s / 2 + self.finish_s)

    @property
    def page_s(self) -> float:
        """Seconds of one page that is read once."""
        return self.dispatch_s + self.message_s + self.claim_s + self.finish_s


FREE_BROKER = BrokerCosts(
    dispatch_s=0, message_s=0, claim_s=0, finish_s=0, renew_s=0, look_s=0, heartbeat_s=0,
    sum_worker_s=0, job_s=0, round_trip_s=0,
)  # fmt: skip


@dataclass(frozen=True)
class StoreCosts:
    """Requests of a page: `python -m benchmarks.scale`.

    Latencies are typical of S3 for small objects. Rates are those that AWS documents for one prefix
    ("at least 3,500 PUT and 5,500 GET requests per second"); S3 divides busy prefixes by itself.
    """

    get_s: float = 0.03
    put_s: float = 0.04
    gets_a_page: float = 0.02
    puts_a_page: float = 1.01
    #: GET requests of the reducer for each page.
    reduce_gets_a_page: float = 1.07
    gets_per_s: float = 5_500.0
    puts_per_s: float = 3_500.0
    #: Price of a thousand requests: S3 Standard, us-east-1.
    put_price: float = 0.005e-3
    get_price: float = 0.0004e-3


FREE_STORE = StoreCosts(0, 0, 0, 0, 0, INFINITE, INFINITE, 0, 0)


@dataclass(frozen=True)
class Engine:
    """One engine on one GPU. Defaults: an H100, docs/benchmarks.md, "On a GPU".

    ``page_s`` limits its rate, ``latency_s`` is the least time of a page: a page that is alone
    needs 700 steps.
    """

    page_s: float = 1 / 28.15
    latency_s: float = 4.6
    render_s: float = 0.146
    #: Pages claimed and not finished: helm/pagefleet/presets.yaml, inFlight of an H100.
    in_flight: int = 576
    #: Loading weights and compiling: 70 to 100 s in the GPU benchmark, 37 s with a warm cache.
    cold_start_s: float = 90.0
    #: A cloud's time for a new machine with a GPU and its image: an assumption.
    provision_s: float = 180.0
    price_per_hour: float = 2.5


@dataclass(frozen=True)
class Dispatching:
    """Settings and constants of the dispatch state: docs/settings.md, shared/broker/."""

    window_factor: int = 2
    smallest_window: int = 8
    slice: int = 8
    max_open_jobs: int = 2_000
    #: Jobs that one round of the sweeper adopts (workers/maintenance/repairs/unknown_markers.py).
    adopted_per_round: int = 1_000
    sweep_s: float = 10.0
    #: ``lease_s`` times 0.9, and the grace of expired_leases.py.
    lease_s: float = 110.0
    max_attempts: int = 3


@dataclass(frozen=True)
class Control:
    """Producers and reducers."""

    producers: int = 4
    #: Opening, hashing and storing a small document: an assumption.
    document_s: float = 0.02
    #: Seconds of a producer for one page of a document: an assumption for 100 kB a page.
    intake_page_s: float = 0.2e-3
    #: Cores that reduce: a control process uses one.
    reducers: int = 4
    #: `python -m benchmarks.simulator measure`, 9 ms with its page, and a bare Celery task
    #: (`python -m benchmarks.overhead --part fake`).
    reduce_document_s: float = 0.008
    #: `python -m benchmarks.merging`, 5,000 pages.
    reduce_page_s: float = 2.25e-3


FREE_CONTROL = Control(1, 0, 0, 1, 0, 0)


@dataclass(frozen=True)
class Faults:
    """What goes wrong. Rates are for each machine and hour."""

    preemptions: float = 0.0
    #: Seconds between the notice and the end: 120 on AWS, 30 on Google Cloud and Azure.
    notice_s: float = 120.0
    #: ``drainSeconds`` of the chart.
    drain_s: float = 60.0
    #: Machines that are lost without notice: their leases must expire.
    losses: float = 0.0
    #: Engine processes that die: the supervisor returns their pages at once.
    crashes: float = 0.0
    #: Share of readings that fail and are tried again.
    page_failures: float = 0.0
    #: Share of machines that are slower, by this factor.
    stragglers: float = 0.0
    slowdown: float = 3.0

    @property
    def ends(self) -> float:
        """All ends of a machine's engine in an hour."""
        return self.preemptions + self.losses + self.crashes


@dataclass(frozen=True)
class Autoscaling:
    """KEDA and the HPA: helm/pagefleet/presets.yaml, engine vllm; HPA defaults of Kubernetes."""

    least: int = 0
    most: int = 16
    polling_s: float = 15.0
    cooldown_s: float = 600.0
    stabilization_s: float = 600.0
    #: Pods that the HPA adds in one step, or twice as many as there are.
    step: int = 4
    #: Seconds between two pods that are removed.
    down_s: float = 60.0
    #: The HPA ignores smaller differences.
    tolerance: float = 0.1


@dataclass(frozen=True)
class Tenants:
    """The settings tenant_weights and tenant_quotas; ``is_used``: documents have tenants."""

    weights: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    is_used: bool = False


@dataclass(frozen=True)
class Model:
    """One simulated fleet."""

    gpus: int = 1
    shards: int = 1
    #: Pages of one event. Bounded by the pages in flight of an engine.
    batch: int = 64
    seed: int = 1
    broker: BrokerCosts = field(default_factory=BrokerCosts)
    store: StoreCosts = field(default_factory=StoreCosts)
    engine: Engine = field(default_factory=Engine)
    dispatching: Dispatching = field(default_factory=Dispatching)
    control: Control = field(default_factory=Control)
    faults: Faults = field(default_factory=Faults)
    autoscaling: Autoscaling | None = None
    #: Whether engines are ready at the start.
    warm: bool = True
    #: Jobs take turns; False: the order of submission.
    turns: bool = True
    tenants: Tenants = field(default_factory=Tenants)


def free_model(gpus: int, page_s: float, batch: int, in_flight: int) -> Model:
    """A fleet in which only the engine takes time."""
    return Model(
        gpus=gpus,
        batch=batch,
        broker=FREE_BROKER,
        store=FREE_STORE,
        control=FREE_CONTROL,
        engine=Engine(page_s, 0, 0, in_flight, 0, 0),
    )
