"""Has the document of a job written whose last page was marked here.

A document of few pages is merged here at once: its reduce message would cost more than the merge.
A process that is killed before the commit leaves the job to the sweeper, as a killed reducer does.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.broker.dispatcher import Dispatcher
from shared.domain.errors import PagefleetError
from shared.domain.page_ranges import count
from shared.domain.records.base import to_json
from shared.domain.records.messages import ReduceMessage
from shared.domain.records.page_result import PageResult
from workers.tasks.manifest_cache import ManifestCache

if TYPE_CHECKING:
    from workers.tasks.merging.reduce_task import ReduceTask

log = logging.getLogger("pagefleet.reduce")


class JobEnd:
    """Thread-safe; raises BrokerUnreachable."""

    def __init__(
        self,
        make_reducer: "Callable[[], ReduceTask]",
        manifests: ManifestCache,
        dispatcher: Dispatcher,
        most_pages: int,
    ) -> None:
        """``make_reducer``, called for the first small document, imports what merging needs."""
        self._make_reducer = make_reducer
        self._manifests = manifests
        self._dispatcher = dispatcher
        self._most_pages = most_pages

    def reduce(self, last: PageResult) -> None:
        """Merge the pages of a small job; send a reduce message of another one.

        ``last`` is the result of the page that was marked last, as it was stored.
        """
        if not self._merged_here(last):
            self._dispatcher.reduce(last.job_id)

    @cached_property
    def _reducer(self) -> "ReduceTask":
        return self._make_reducer()

    def _merged_here(self, last: PageResult) -> bool:
        """Whether the job is small and nothing went wrong."""
        job_id = last.job_id
        try:
            manifest = self._manifests.get(job_id)
            if manifest is None or count(manifest.page_ranges) > self._most_pages:
                return False
            self._reducer.handle(ReduceMessage(job_id=job_id), manifest, _held(last))
        except PagefleetError as error:
            log.warning("job %s is left to a reducer: %s", job_id, error.message)
            return False
        except Exception:  # a reducer tries again, and the page of this process is done
            log.exception("job %s is left to a reducer after an unexpected error", job_id)
            return False
        return True


def _held(last: PageResult) -> dict[int, PageResult]:
    """A good result, which never changes, as a reader of the store would get it."""
    if last.status == "failed":
        return {}
    return {last.page: PageResult.model_validate_json(to_json(last))}
