"""Compares a text layer with the rendered page and corrects wrong text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from workers.engines.cpu.recognition import LineRecognizer, RecognizedText
from workers.engines.cpu.text_layer.fonts.font_check import (
    Run,
    corners_of,
    font_runs,
    is_in_alphabet,
    likeness,
    wrong_fonts,
)
from workers.engines.cpu.text_layer.judging import ShowsText
from workers.engines.cpu.text_layer.lines import LayerLine, line_of
from workers.engines.cpu.text_layer.text_repair import lines_to_repair, repair_texts
from workers.engines.cpu.text_layer.visible.ink import PageImage
from workers.engines.cpu.values import Box, Character, Line

#: If more than this part of the characters is wrong, the whole layer is rejected.
_MOST_WRONG = 0.3
#: If more than this part of a line's characters is unmapped, the whole line is wrong.
_MOST_UNMAPPED = 0.2
#: The picture shows a text if at least this part of it is read there, 0 to 1.
_SHOWN = 0.6


def reading_check(image: PageImage, recognizer: LineRecognizer) -> ShowsText:
    """A test whether ``image`` shows a text in a box; True for scripts no model here knows."""

    def shows_text(box: Box, text: str) -> bool:
        if not is_in_alphabet(text, recognizer):
            return True
        (read,) = recognizer.read_lines(image.pixels, [corners_of(box, image)])
        return likeness(text, read.text) >= _SHOWN

    return shows_text


def corrected_lines(
    layer: Sequence[LayerLine], image: PageImage, recognizer: LineRecognizer
) -> list[Line]:
    """The lines of ``layer`` in points, wrong text replaced by what ``image`` shows.

    Returns an empty list if too much of the layer is wrong.
    """
    runs = font_runs(layer)
    fonts = wrong_fonts(runs, image, recognizer)
    wrong = [run for run in runs if run.font in fonts and not _is_garbled(layer[run.line])]
    wrong += [_whole(index, line) for index, line in enumerate(layer) if _is_garbled(line)]
    if _characters(wrong) > _MOST_WRONG * _characters(runs):
        return []
    changed = {run.line for run in wrong}
    damaged = {id(line) for line in lines_to_repair(layer)}
    damaged_runs = [
        _whole(index, line)
        for index, line in enumerate(layer)
        if id(line) in damaged and index not in changed
    ]
    to_recognize = [*wrong, *damaged_runs]
    texts = recognizer.read_lines(
        image.pixels, [corners_of(run.box, image) for run in to_recognize]
    )
    lines = [line.line for line in layer]
    _replace_runs(lines, wrong, texts[: len(wrong)])
    for run, text in zip(damaged_runs, texts[len(wrong) :], strict=True):
        lines[run.line] = _repaired(lines[run.line], text)
    return [line for line in lines if line.text]


def _whole(index: int, line: LayerLine) -> Run:
    return Run(index, line.font, line.line.characters)


def _characters(runs: Iterable[Run]) -> int:
    return sum(len(run.text.replace(" ", "")) for run in runs)


def _is_garbled(layer: LayerLine) -> bool:
    return layer.unmapped > _MOST_UNMAPPED * len(layer.line.text)


def _replace_runs(lines: list[Line], runs: Sequence[Run], texts: Sequence[RecognizedText]) -> None:
    """Replace the characters of ``runs`` in ``lines`` by the recognised ``texts``."""
    by_line: dict[int, dict[int, Character]] = {}
    for run, text in zip(runs, texts, strict=True):
        first, *others = run.characters
        recognized = text.text.strip()
        after = " " if run.characters[-1].text.isspace() else ""
        new = first._replace(text=recognized + after, box=run.box, score=text.score)
        changes = by_line.setdefault(run.line, {})
        changes[id(first)] = new
        changes.update((id(other), other._replace(text="")) for other in others)
    for index, changes in by_line.items():
        lines[index] = _with_changes(lines[index], changes)


def _with_changes(line: Line, changes: Mapping[int, Character]) -> Line:
    characters = [changes.get(id(character), character) for character in line.characters]
    kept = [character for character in characters if character.text]
    if not any(character.text.strip() for character in kept):
        return replace(line, text="")
    return line_of(kept, slanted=line.slanted, ends_inside_word=line.ends_inside_word)


def _repaired(line: Line, recognized: RecognizedText) -> Line:
    """``line`` with its wrong characters replaced one by one."""
    texts = repair_texts([character.text for character in line.characters], recognized.text)
    changes = {
        id(character): character._replace(text=text)
        for character, text in zip(line.characters, texts, strict=True)
    }
    return _with_changes(line, changes)
