"""``status``, ``failures`` and ``list`` of collections."""

import gc

from producer.connections import Connections, pool_warning
from producer.corpora.failures import failures_of
from producer.corpora.progress import progress_of
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode
from shared.jobs.collections.collection_store import CollectionStore, collection_names
from shared.jobs.job_store import JobStore


def show_collection(name: str, recount: bool, as_json: bool) -> int:
    """Print the progress of a collection; raises UsageError where there is none."""
    # The rows of all documents live until the end: looking for garbage among them takes a fifth of
    # the command's time.
    gc.disable()
    connections = Connections(load_settings())
    collection = existing(connections, name)
    dispatch_state = connections.dispatch_state_or_none()
    price = connections.settings.price_per_hour
    progress = progress_of(connections.jobs, collection, dispatch_state, price, recount=recount)
    print(json_line(progress.as_plain()) if as_json else progress.as_text())
    _warn_of_missing_workers(connections.jobs, dispatch_state, progress.totals.waiting)
    return ExitCode.OK


def _warn_of_missing_workers(
    jobs: JobStore, dispatch_state: DispatchState | None, waiting: frozenset[str]
) -> None:
    """Look at the pool of one waiting job: most collections have only one pool."""
    manifest = jobs.manifest(min(waiting)) if waiting else None
    if manifest is None:
        return
    if dispatch_state is None:
        print_message("warning: no broker is configured or answers; open jobs make no progress")
        return
    warning = pool_warning(dispatch_state, manifest.options.pool)
    if warning:
        print_message(warning)


def show_collection_failures(name: str, as_json: bool) -> int:
    """Print every refused document and failed page of a collection."""
    connections = Connections(load_settings())
    for failure in failures_of(connections.jobs, existing(connections, name)):
        line = json_line(failure.as_plain()) if as_json else printable(failure.as_text())
        print(line, flush=True)
    return ExitCode.OK


def show_collections(as_json: bool) -> int:
    """Print the names of all collections."""
    names = list(collection_names(Connections(load_settings()).store))
    for name in names:
        print(json_line({"collection": name}) if as_json else name)
    if not names and not as_json:
        print_message("no collections (pagefleet submit --collection NAME makes one)")
    return ExitCode.OK


def existing(connections: Connections, name: str) -> CollectionStore:
    """The collection ``name``; raises UsageError where there is none."""
    collection = CollectionStore(connections.store, name)
    collection.check()
    return collection
