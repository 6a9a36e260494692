"""What a page costs in commands of the broker and requests to the store, up to its document."""

import json
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.config.settings import Settings
from shared.domain.records.job import Manifest
from shared.domain.records.messages import PageMessage, ReduceMessage
from shared.domain.records.page_result import PageResult
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets import stored_jobs
from tests.support.fleets.stored_jobs import ENGINE
from tests.system.failures.store_proxy import StoreProxy
from workers.inflight.inflight_pages import InflightPages
from workers.observability.failure_log import FailureLog
from workers.observability.page_observer import PageObserver
from workers.pipeline.page_to_read import PageToRead
from workers.tasks.gate import Gate
from workers.tasks.manifest_cache import ManifestCache
from workers.tasks.merging.reduce_task import ReduceTask
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_task import PageTask

#: Enough that the fixed requests of a document are a small share.
PAGES = 60
QUEUE = "pages.fake.normal"
#: Those inside scripts are counted too. Kombu adds at most seven, and fewer where many pages wait:
#: BRPOP, a script that takes more with two commands, and two each at receipt and acknowledgement.
MOST_COMMANDS = 30
MOST_REQUESTS = 3


class CountingProxy(StoreProxy):
    """Forwards all requests and counts them."""

    def __init__(self, endpoint: str) -> None:
        self.requests = 0
        super().__init__(endpoint, seed=0)

    def pick(self, method: str, conditional: bool) -> str | None:
        self.requests += 1
        return None


@pytest.fixture
def proxy(s3_settings: SettingsFactory) -> Iterator[CountingProxy]:
    made = CountingProxy(str(s3_settings().s3_endpoint_url))
    yield made
    made.close()


@pytest.fixture
def made(s3_settings: SettingsFactory, redis_url: str, proxy: CountingProxy) -> Settings:
    return s3_settings(redis_url=redis_url, s3_endpoint_url=proxy.endpoint, dispatch_window=32)


def commands(client: "redis.Redis", ignored: tuple[str, ...] = ("info", "rpop")) -> int:
    """Commands that the broker has executed, except those of this test."""
    calls = Counter(
        {name.removeprefix("cmdstat_"): each["calls"] for name, each in _stats(client).items()}
    )
    return sum(calls.values()) - sum(calls[name] for name in ignored)


def _stats(client: "redis.Redis") -> dict[str, Any]:
    stats: dict[str, Any] = client.info("commandstats")
    return stats


def read(page: PageToRead) -> PageResult:
    return stored_jobs.page_result(page.manifest, page.page)


def page_task(made: Settings, jobs: JobStore, state: DispatchState, sender: Dispatcher) -> PageTask:
    context = PageTaskContext(
        worker="w1",
        engine=ENGINE,
        dispatch_state=state,
        dispatcher=sender,
        jobs=jobs,
        manifests=ManifestCache(jobs),
        pipeline=SimpleNamespace(read=read),  # type: ignore[arg-type]
        inflight_pages=InflightPages(),
        gate=Gate(),
        observer=PageObserver(ENGINE, "w1", sender.tracing, FailureLog(made)),
        max_attempts=2,
        engine_died=lambda: None,
    )
    return PageTask(context)


def received(client: "redis.Redis") -> Iterator[PageMessage]:
    """The messages in the queue, until it is empty."""
    while (text := client.rpop(f"pagefleet:{QUEUE}")) is not None:
        _, named, _ = json.loads(json.loads(str(text))["body"])
        yield PageMessage.model_validate(named["message"])


def read_all(made: Settings, client: "redis.Redis", jobs: JobStore, manifest: Manifest) -> None:
    """Dispatch, read and merge the pages of a job."""
    state = DispatchState(made)
    sender = Dispatcher(made, state)
    open_job(manifest, jobs, state, sender, fresh=True)
    task = page_task(made, jobs, state, sender)
    for message in received(client):
        task.handle(message)
    ReduceTask(jobs, state, sender).handle(ReduceMessage(job_id=manifest.job_id))


@pytest.mark.parametrize("tenants", [{}, {"tenant_label": "team", "tenant_quotas": "*=50"}])
def test_a_page_costs_few_commands_of_the_broker_and_requests_to_the_store(
    made: Settings, redis_url: str, proxy: CountingProxy, tenants: dict[str, str]
) -> None:
    made = made.model_copy(update=tenants)
    jobs = JobStore(open_store(made))
    manifest = stored_jobs.open_job(jobs, PAGES, b"%PDF of a test", labels={"team": "a"})
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        commands_before, requests_before = commands(client), proxy.requests

        read_all(made, client, jobs, manifest)

        used = commands(client) - commands_before
        requests = proxy.requests - requests_before
    done = jobs.done(manifest.job_id)
    assert done is not None
    assert done.counts.ok == PAGES
    assert used / PAGES <= MOST_COMMANDS
    assert requests / PAGES <= MOST_REQUESTS
