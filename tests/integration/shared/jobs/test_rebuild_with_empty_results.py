"""Empty objects of a store, which a killed writer or a forger left, stop no rebuild."""

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain import object_keys
from shared.jobs.job_store import JobStore
from shared.jobs.rebuilding import rebuild
from shared.storage.store import ObjectStore
from tests.conftest import SettingsFactory
from tests.support.fleets.stored_jobs import open_job

PAGES = 3


def test_a_job_with_empty_results_is_opened(
    settings: SettingsFactory, redis_url: str, file_store: ObjectStore
) -> None:
    """All of its pages are work again."""
    made = settings(redis_url=redis_url)
    jobs, state = JobStore(file_store), DispatchState(made)
    manifest = open_job(jobs, PAGES)
    job_id = manifest.job_id
    state.pools.declare([manifest.options.pool])
    for page in (1, 2):
        file_store.put(object_keys.page(job_id, page), b"")

    found = list(rebuild(jobs, state, Dispatcher(made, state)))

    assert [each.finding for each in found] == ["opened"]
    opened = state.jobs.progress(job_id)
    assert opened is not None
    assert (opened.done, opened.total) == (0, PAGES)
    state.close()
