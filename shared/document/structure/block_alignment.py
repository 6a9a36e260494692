"""Finds the block of each unit of a page, and with it the place and the kind of the unit."""

import re
from collections.abc import Sequence

from shared.document.structure.text.letters import letters
from shared.document.structure.text.marks import without_marks
from shared.document.structure.units import Place, Unit, UnitKind
from shared.domain.records.page_result import Block, PageResult

FURNITURE = frozenset({"header", "footer", "page_number"})
_FIGURE = re.compile(r"!\[[^\[\]\n]*\]\(figure:(\d{1,6})\)")
#: Blocks whose text is looked for around the place that the reading order gives.
_NEAR = 24
_KINDS: dict[str, UnitKind] = {
    "image_caption": "image_caption",
    "table_caption": "table_caption",
    "table_footnote": "table_footnote",
    "footnote": "footnote",
    "equation": "equation",
}


class BlockAlignment:
    """Finds the block of each unit of a page."""

    def __init__(self, result: PageResult) -> None:
        self._page = result.page
        self._blocks: list[Block] = list(result.blocks)
        self._rest = [
            "" if block.type in FURNITURE or block.type == "image" else letters(block.text)
            for block in self._blocks
        ]
        #: Most units have the text of a block.
        self._letters = {
            block.text: rest for block, rest in zip(self._blocks, self._rest, strict=True) if rest
        }
        self._images = [i for i, block in enumerate(self._blocks) if block.type == "image"]
        self._next = 0

    def placed(self, units: Sequence[Unit]) -> list[Unit]:
        """``units`` with kinds and boxes, and the page's furniture between them."""
        if not self._blocks:
            return list(units)
        found = [part for unit in units for part in self._parts(unit, self._found(unit))]
        found = _in_block_order(found)
        result: list[Unit] = []
        furniture = [i for i, block in enumerate(self._blocks) if block.type in FURNITURE]
        for indices, unit in found:
            while indices and furniture and furniture[0] < indices[0]:
                result += self._furniture(furniture.pop(0))
            result.append(self._with_block(unit, indices))
        for index in furniture:
            result += self._furniture(index)
        return result

    def _parts(self, unit: Unit, indices: list[int]) -> list[tuple[list[int], Unit]]:
        """``unit``, or its halves where the engine joined the texts of several blocks.

        The rules join them again, with the words of the whole document.
        """
        if unit.kind != "text" or len(indices) < 2:
            return [(indices, unit)]
        texts = [self._blocks[index].text.split("\n\n") for index in indices]
        middle = [parts for parts in texts[1:-1] if len(parts) > 1]
        halves = [texts[0][-1], *(parts[0] for parts in texts[1:])]
        if middle or letters("".join(halves)) != letters(unit.text):
            return [(indices, unit)]
        first = unit._replace(text=without_marks(halves[0]).strip())
        rest = [
            unit._replace(text=without_marks(half).strip(), lead="\n\n", continues=True)
            for half in halves[1:]
        ]
        return [([index], part) for index, part in zip(indices, [first, *rest], strict=True)]

    def _furniture(self, index: int) -> list[Unit]:
        block = self._blocks[index]
        text = without_marks(block.text).strip()
        place = Place(self._page, block.bbox)
        return [Unit("furniture", text, self._page, (place,))] if text else []

    def _found(self, unit: Unit) -> list[int]:
        """Indices of the blocks with the text of ``unit``, in its order."""
        if unit.kind == "figure" or (unit.kind == "equation" and _FIGURE.match(unit.text)):
            numbers = [int(number) - 1 for number in _FIGURE.findall(unit.text)]
            return [self._images[n] for n in numbers if 0 <= n < len(self._images)]
        known = None if unit.marker else self._letters.get(unit.text)
        wanted = letters(f"{unit.marker} {unit.text}") if known is None else known
        found: list[int] = []
        while wanted:
            index = self._block_with(wanted, found[-1] if found else self._next)
            if index is None:
                return found
            length = min(len(wanted), len(self._rest[index]))
            wanted, self._rest[index] = wanted[length:], self._rest[index][length:]
            if not found:
                self._next = index
            found.append(index)
        return found

    def _block_with(self, wanted: str, start: int) -> int | None:
        for index in range(start, min(len(self._rest), start + _NEAR)):
            rest = self._rest[index]
            if rest and (wanted.startswith(rest) or rest.startswith(wanted)):
                return index
        return None

    def _with_block(self, unit: Unit, indices: list[int]) -> Unit:
        if not indices:
            return unit
        first = self._blocks[indices[0]]
        places = tuple(Place(self._page, self._blocks[index].bbox) for index in indices)
        if first.type == "footnote" and unit.marker.endswith((")", ".")):
            unit = _as_text(unit)  # "1) See page 3." is no list
        kind = _KINDS.get(first.type, unit.kind) if unit.kind == "text" else unit.kind
        return unit._replace(kind=kind, places=places, is_title=first.type == "title")


def _as_text(item: Unit) -> Unit:
    marker = item.marker.replace(".", "\\.")
    text = f"{marker} {item.text}"
    return item._replace(kind="text", text=text, marker="", level=0, lead="\n\n")


def _in_block_order(found: list[tuple[list[int], Unit]]) -> list[tuple[list[int], Unit]]:
    """Second halves at the places of their blocks, so that it shows what stands between."""
    result: list[tuple[list[int], Unit]] = []
    waiting: list[tuple[list[int], Unit]] = []
    for indices, unit in found:
        if unit.continues:
            waiting.append((indices, unit))
            continue
        while waiting and indices and waiting[0][0][0] < indices[0]:
            result.append(waiting.pop(0))
        result.append((indices, unit))
    return result + waiting
