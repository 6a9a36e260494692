"""``status``, ``failures`` and ``list`` of collections."""

import gc

from producer.connections import Connections
from producer.corpora.failures import failures_of
from producer.corpora.progress import progress_of
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode
from shared.jobs.collections.collection_store import CollectionStore, collection_names


def show_collection(name: str, recount: bool, as_json: bool) -> int:
    """Print the progress of a collection; raises UsageError where there is none."""
    # The rows of all documents live until the end: looking for garbage among them takes a fifth of
    # the command's time.
    gc.disable()
    connections = Connections(load_settings())
    collection = existing(connections, name)
    progress = progress_of(
        connections.jobs,
        collection,
        connections.dispatch_state_or_none(),
        connections.settings.price_per_hour,
        recount=recount,
    )
    print(json_line(progress.as_plain()) if as_json else progress.as_text())
    return ExitCode.OK


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
