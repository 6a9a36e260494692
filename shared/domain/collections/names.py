"""Names of collections, their keys in the store, and the label that jobs carry."""

import re

from shared.domain.errors import UsageError

COLLECTIONS = "collections/"
#: The label of a submission that belongs to a collection; releases without collections keep it.
LABEL = "pagefleet.collection"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def is_collection_name(name: str) -> bool:
    """Whether ``name`` can be the name of a collection."""
    return _NAME.fullmatch(name) is not None


def check_collection_name(name: str) -> str:
    """``name`` unchanged; raises UsageError."""
    if not is_collection_name(name):
        raise UsageError(
            f"{name[:80]!r} is not the name of a collection; use 1 to 100 letters, digits, dots, "
            "hyphens and underscores, a letter or digit first"
        )
    return name


def folder(name: str) -> str:
    """The prefix of all objects of a collection, with a final slash."""
    return f"{COLLECTIONS}{check_collection_name(name)}/"


def facts_key(name: str) -> str:
    """``collection.json``: it exists from the first submission on."""
    return folder(name) + "collection.json"


def members_prefix(name: str) -> str:
    """The prefix of the parts that list the documents."""
    return folder(name) + "members/"


def ends_prefix(name: str) -> str:
    """The prefix of the parts that list how jobs ended."""
    return folder(name) + "ends/"


def joins_prefix(name: str) -> str:
    """The prefix of the marks by which processes take turns to join parts."""
    return folder(name) + "joins/"
