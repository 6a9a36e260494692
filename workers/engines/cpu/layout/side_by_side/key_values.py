"""Keeps each label with its value where both stand in two columns."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import Line, bounding_box

_LABEL_ENDS = (":", "：")
#: Fewer labels, or a smaller part of the rows with a label, may be running text.
_FEWEST_LABELS, _LEAST_LABELS = 2, 0.6
#: A label has at most this many words.
_MOST_WORDS = 7
#: Two rows are one if they share more than this part of the lower height.
_SAME_ROW = 0.5


def are_key_values(rows: Sequence[Row]) -> bool:
    """Whether most of ``rows`` begin with a label, and the value stands apart from it."""
    labels = sum(len(row.lines) > 1 and _is_label(row.lines[0].text) for row in rows)
    return labels >= _FEWEST_LABELS and labels >= _LEAST_LABELS * len(rows)


def join_key_values(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts``, each column of labels joined with the column of its values."""
    result = list(drafts)
    for labels in drafts:
        if labels.kind not in ("text", "list") or labels not in result:
            continue
        values = next((other for other in result if _are_values(labels, other)), None)
        if values is not None:
            result[result.index(labels)] = _joined(labels, values)
            result.remove(values)
    return result


def _are_values(labels: Draft, values: Draft) -> bool:
    if values is labels or values.kind not in ("text", "list") or not values.lines:
        return False
    if values.box.left < labels.box.right - 1 or not labels.lines:
        return False
    label_rows, value_rows = group_into_rows(labels.lines), group_into_rows(values.lines)
    partners = [_label_of(row, label_rows) for row in value_rows]
    found = [label for label in partners if label is not None]
    return (
        len(found) == len(value_rows)
        and len(set(map(id, found))) == len(found) >= _FEWEST_LABELS
        and sum(_is_label(label.text) for label in found) >= _LEAST_LABELS * len(label_rows)
    )


def _label_of(value: Row, labels: Sequence[Row]) -> Row | None:
    for label in labels:
        lower = min(label.box.height, value.box.height)
        if label.box.overlap_height(value.box) > _SAME_ROW * lower:
            return label
    return None


def _is_label(text: str) -> bool:
    return text.rstrip().endswith(_LABEL_ENDS) and len(text.split()) <= _MOST_WORDS


def _joined(labels: Draft, values: Draft) -> Draft:
    lines: tuple[Line, ...] = (*labels.lines, *values.lines)
    box = bounding_box((labels.box, values.box))
    return replace(labels, kind="text", box=box, lines=lines, separate_rows=True)
