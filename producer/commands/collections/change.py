"""``cancel`` and ``retry`` of collections: the jobs are changed one after the other."""

from collections.abc import Callable, Iterator

from producer.commands.collections.show import existing
from producer.connections import Connections
from producer.corpora.collection_index import CollectionIndex
from producer.corpora.failures import load_with_ends
from shared.config.settings import load_settings
from shared.domain.collections.records import End
from shared.domain.errors import UsageError


def jobs_of(name: str, chosen: Callable[[End | None], bool]) -> Iterator[str]:
    """The jobs of a collection whose end is ``chosen``, each once; no end: it has not ended."""
    connections = Connections(load_settings())
    collection = existing(connections, name)
    seen: set[str] = set()
    with CollectionIndex() as index:
        load_with_ends(connections.jobs, collection, index)
        for entry in index.entries():
            job_id, end = entry.member.job_id, entry.end
            is_open = end is None or end.status == "open"
            if job_id is not None and job_id not in seen and chosen(None if is_open else end):
                seen.add(job_id)
                yield job_id


def has_failed_pages(end: End | None) -> bool:
    """What ``retry`` chooses."""
    return end is not None and end.failed > 0


def has_not_ended(end: End | None) -> bool:
    """What ``cancel`` chooses."""
    return end is None


def named_or_chosen(
    job_ids: tuple[str, ...], collection: str | None, chosen: Callable[[End | None], bool]
) -> tuple[str, ...]:
    """The jobs that the command line names, by their ids or by a collection."""
    if bool(job_ids) == (collection is not None):
        raise UsageError("name jobs, or a collection with --collection; not both")
    return job_ids if collection is None else tuple(jobs_of(collection, chosen))
