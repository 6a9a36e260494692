"""Moves an open job into the pool that serves its model and revision.

Programs of earlier releases know one pool for each engine, so they open jobs of all models there.
"""

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.records.job import Manifest


def move_to_own_pool(
    manifest: Manifest, dispatch_state: DispatchState, dispatcher: Dispatcher
) -> None:
    """Move the job and its queued pages; pages that a worker holds stay until it returns them.

    Does nothing for a job that is in its pool already, or is not open.
    """
    pool = manifest.options.pool.id
    dispatcher.publish(dispatch_state.pages.move_job(manifest.job_id, pool))
    dispatcher.top_up(pool, manifest.priority, force=True)
