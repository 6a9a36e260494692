"""What labels may be; they lie in every manifest and are printed in every list."""

from shared.domain.errors import UsageError

MAX_LABELS = 32
MAX_LABEL_CHARACTERS = 200


def check_labels(labels: dict[str, str]) -> dict[str, str]:
    """``labels`` themselves; raises UsageError where they are too many or too long."""
    if len(labels) > MAX_LABELS:
        raise UsageError(f"more than {MAX_LABELS} labels")
    for key, value in labels.items():
        if not key or len(key) + len(value) > MAX_LABEL_CHARACTERS:
            limit = f"1 to {MAX_LABEL_CHARACTERS} characters with its value"
            raise UsageError(f"label {key[:40]!r}: a label has a name and {limit}")
        if any("\ud800" <= char <= "\udfff" for char in key + value):
            raise UsageError(f"label {key[:40]!r} is no valid text; write it in UTF-8")
    return labels
