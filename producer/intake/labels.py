"""Labels of jobs: parsed from the command line and checked against their limits."""

from collections.abc import Iterable

from shared.domain.errors import UsageError

MAX_LABELS = 32
MAX_LABEL_CHARACTERS = 200


def parse_labels(pairs: Iterable[str]) -> dict[str, str]:
    """Labels from K=V words; raises UsageError."""
    labels = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"label {pair!r} is not of the form K=V")
        labels[key] = value
    return check_labels(labels)


def check_labels(labels: dict[str, str]) -> dict[str, str]:
    """``labels`` unchanged; raises UsageError where they are too many or too long."""
    if len(labels) > MAX_LABELS:
        raise UsageError(f"more than {MAX_LABELS} labels")
    for key, value in labels.items():
        if not key or len(key) + len(value) > MAX_LABEL_CHARACTERS:
            limit = f"1 to {MAX_LABEL_CHARACTERS} characters with its value"
            raise UsageError(f"label {key[:40]!r}: a label has a name and {limit}")
        if any("\ud800" <= char <= "\udfff" for char in key + value):
            raise UsageError(f"label {key[:40]!r} is not valid text; write it in UTF-8")
    return labels
