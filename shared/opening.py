"""Makes a job of the store hot: the way of a new job, a resumed one and a rebuilt one."""

from shared.dispatcher import Dispatcher
from shared.jobs import JobStore, PageStates, missing_pages, selected
from shared.ledger import Ledger
from shared.pages import count
from shared.records import Counts, Manifest

_NOTHING = PageStates(frozenset(), frozenset())


def open_job(
    manifest: Manifest,
    jobs: JobStore,
    ledger: Ledger,
    dispatcher: Dispatcher,
    *,
    fresh: bool = False,
    revive: bool = False,
) -> None:
    """Register what is left to do and dispatch it; ``fresh`` says that nothing is done yet.

    Idempotent: a job that is hot already is left as it is. A cancelled one is remembered for
    a while and left alone too, unless ``revive`` says that somebody wants it again.
    """
    if revive and ledger.was_cancelled(manifest.job_id):
        ledger.close_job(manifest.job_id)
    states = _NOTHING if fresh else jobs.page_states(manifest.job_id)
    counts = Counts() if fresh else jobs.count(manifest.job_id, states)
    engine = manifest.options.engine
    todo = missing_pages(manifest, states)
    ledger.know_engine(engine)
    answer = ledger.open_job(
        job_id=manifest.job_id,
        engine=engine,
        priority=manifest.priority,
        created=manifest.created,
        total=count(selected(manifest)),
        counts=counts,
        done_pages=states.all,
        todo=todo,
    )
    if answer == "full":
        return
    if not todo:
        dispatcher.reduce(manifest.job_id)
    dispatcher.top_up(engine, manifest.priority, force=True)
