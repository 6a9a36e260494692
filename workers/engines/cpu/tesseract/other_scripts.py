"""Reads the lines of a page again with Tesseract where the models do not know their script."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import EngineFailed
from workers.engines.cpu.ocr.recognizer import crop, is_vertical
from workers.engines.cpu.recognition import (
    Corners,
    Pixels,
    RecognizedText,
    RecognizedWord,
    line_size,
)
from workers.engines.cpu.tesseract.installation import Installation, find_tesseract
from workers.engines.cpu.tesseract.scripts import Script, readable_scripts
from workers.engines.cpu.tesseract.words import read_words

#: A line of less worth than the first was not read by the models; one of less than the second may
#: be another script.
_NOT_READ, _DOUBTFUL = 0.3, 0.7
#: Another script is looked for if so much of the length of all lines was not read; from the second
#: part on, all lines with letters are read again.
_LEAST_NOT_READ, _MOSTLY_NOT_READ = 0.2, 0.6
#: So many of the longest lines show which script it is.
_SAMPLE_LINES = 4
#: The script is known if its language reads the sample with this mean confidence, and this part
#: of the letters is of the script (measured: 0.91 to 0.97; other scripts at most 0.7).
_LEAST_SCORE, _LEAST_LETTERS = 0.78, 0.6
#: With this mean confidence, no other script is tried.
_SURE = 0.9
#: A word of the script below this confidence may be a foreign word.
_DOUBTFUL_WORD = 0.7
#: A line is of the script if so many letters are, and this part of all.
_FEWEST_LETTERS, _LETTERS_OF_LINE = 2, 0.2
#: A line or word below this confidence is noise.
_NOISE = 0.4
_PERCENTAGE = re.compile(r"([%‰])(\d[\d.,]*)")
#: More lines of a page are not read again: each takes some 20 milliseconds.
_MOST_LINES = 600

ReadLine = tuple[Corners, RecognizedText]


class CropReader(Protocol):
    """The models that read pictures of single lines."""

    def read_crops(self, crops: list[Pixels]) -> list[RecognizedText]:
        """The text of each crop; a crop holds one horizontal line."""
        ...


@dataclass(frozen=True)
class OtherReading:
    """All lines of a page, and what read some of them again: "" for nothing."""

    lines: list[ReadLine]
    read_by: str = ""


@dataclass(frozen=True)
class _Lines:
    """All lines, how far the models read each, and the share of their length that they did not."""

    lines: list[ReadLine]
    worths: Sequence[float]
    not_read: float

    def doubtful(self) -> list[int]:
        """The indices of the lines that may be another script."""
        return [index for index in range(len(self.lines)) if self._is_doubtful(index)]

    def _is_doubtful(self, index: int) -> bool:
        corners, text = self.lines[index]
        if is_vertical(corners):
            return False
        letters = any(map(str.isalpha, text.text))
        return self.worths[index] < _DOUBTFUL or (self.not_read >= _MOSTLY_NOT_READ and letters)


@dataclass(frozen=True)
class _Language:
    tesseract: Installation
    script: Script
    name: str
    score: float = 0.0


def read_other_scripts(
    models: CropReader, image: Pixels, lines: list[ReadLine], worths: Sequence[float]
) -> OtherReading:
    """``lines`` of ``image``, those in a script that ``models`` do not know read by Tesseract.

    ``worths`` says how far the models read each line, 0 to 1.
    """
    not_read = [
        line
        for line, worth in zip(lines, worths, strict=True)
        if worth < _NOT_READ and not is_vertical(line[0])
    ]
    share = _length(not_read) / (_length(lines) or 1.0)
    if share < _LEAST_NOT_READ or (tesseract := find_tesseract()) is None:
        return OtherReading(lines)
    try:
        language = _language_of(tesseract, image, not_read)
        if language is None:
            return OtherReading(lines)
        return _read_again(models, language, image, _Lines(lines, worths, share))
    except EngineFailed:
        return OtherReading(lines)


def other_scripts() -> str:
    """What an error message says of the scripts that the installed Tesseract reads."""
    tesseract = find_tesseract()
    names = [script.name for script in readable_scripts(tesseract.languages)] if tesseract else []
    return f", and with tesseract {', '.join(names)}" if names else ""


def _length(lines: Sequence[ReadLine]) -> float:
    return sum(line_size(corners)[0] for corners, _ in lines)


def _language_of(
    tesseract: Installation, image: Pixels, lines: Sequence[ReadLine]
) -> _Language | None:
    """The language that reads a sample of ``lines`` best; None if none reads it."""
    longest = sorted(lines, key=lambda line: -line_size(line[0])[0])[:_SAMPLE_LINES]
    sample = [crop(image, corners) for corners, _ in longest]
    best: _Language | None = None
    for script in readable_scripts(tesseract.languages):
        first, *others = script.installed(tesseract.languages)
        found = _tried(tesseract, script, first, sample)
        if found is None:
            continue
        for name in others:
            found = _better(found, _tried(tesseract, script, name, sample))
        best = _better(found, best)
        if best.score >= _SURE:
            break
    return best


def _better(one: _Language, other: _Language | None) -> _Language:
    return other if other is not None and other.score > one.score else one


def _tried(
    tesseract: Installation, script: Script, name: str, sample: Sequence[Pixels]
) -> _Language | None:
    """The language ``name``, if it reads ``sample`` well as text of its script."""
    words = [word for line in read_words(tesseract, name, sample) for word in line]
    letters = sum(map(str.isalpha, "".join(word.text for word in words)))
    own = sum(script.count(word.text) for word in words)
    score = _mean_score(words)
    if score < _LEAST_SCORE or own < _LEAST_LETTERS * letters or not own:
        return None
    return _Language(tesseract, script, name, score)


def _mean_score(words: Sequence[RecognizedWord]) -> float:
    """The mean confidence of ``words`` by their number of characters."""
    characters = sum(len(word.text) for word in words)
    return sum(word.score * len(word.text) for word in words) / characters if characters else 0.0


def _read_again(
    models: CropReader, language: _Language, image: Pixels, lines: _Lines
) -> OtherReading:
    """``lines`` with those that ``language`` reads better than the models did."""
    doubtful = lines.doubtful()[:_MOST_LINES]
    crops = [crop(image, lines.lines[index][0]) for index in doubtful]
    words_of_lines = read_words(language.tesseract, _with_english(language), crops)
    result = list(lines.lines)
    for index, picture, words in zip(doubtful, crops, words_of_lines, strict=True):
        corners, text = result[index]
        score = text.score if lines.worths[index] else 0.0
        if _is_better(words, language.script, score):
            words = _with_foreign_words(models, words, picture, language.script)
            result[index] = (corners, _text(words))
    tesseract = language.tesseract
    return OtherReading(result, f"tesseract {tesseract.version} ({language.name})")


def _with_english(language: _Language) -> str:
    """The language and, for words in Latin letters, English where it is installed.

    Beside a script from right to left, English takes words of the script for Latin ones.
    """
    tesseract, script = language.tesseract, language.script
    has_english = "eng" in tesseract.languages and not script.is_right_to_left
    return f"{language.name}+eng" if has_english else language.name


def _is_better(words: Sequence[RecognizedWord], script: Script, score: float) -> bool:
    text = "".join(word.text for word in words)
    letters = sum(map(str.isalpha, text))
    own = script.count(text)
    is_script = own >= max(_FEWEST_LETTERS, _LETTERS_OF_LINE * letters)
    return is_script and _mean_score(words) > max(score, _NOISE)


def _with_foreign_words(
    models: CropReader, words: Sequence[RecognizedWord], picture: Pixels, script: Script
) -> list[RecognizedWord]:
    """``words`` with numbers and foreign words as the models read them, where they are surer."""
    foreign = [index for index, word in enumerate(words) if _may_be_foreign(word, script)]
    readings = models.read_crops([_word_picture(picture, words[index]) for index in foreign])
    result = list(words)
    for index, reading in zip(foreign, readings, strict=True):
        if reading.score > words[index].score and any(map(str.isalnum, reading.text)):
            text = _logical_number(reading.text, script)
            result[index] = words[index]._replace(text=text, score=reading.score)
    return result


def _may_be_foreign(word: RecognizedWord, script: Script) -> bool:
    return word.score < (_DOUBTFUL_WORD if script.count(word.text) else _SURE)


def _logical_number(text: str, script: Script) -> str:
    """``text`` as it is read: Arabic shows the sign of a percentage left of the number."""
    match = _PERCENTAGE.fullmatch(text) if script.name == "Arabic" else None
    return match.group(2) + match.group(1) if match else text


def _word_picture(picture: Pixels, word: RecognizedWord) -> Pixels:
    height, width = picture.shape[:2]
    margin = height / 5
    left = max(0, int(word.left * width - margin))
    return picture[:, left : max(left + 2, int(word.right * width + margin))]


def _text(words: Sequence[RecognizedWord]) -> RecognizedText:
    text = " ".join(word.text for word in words)
    return RecognizedText(text, _mean_score(words), words=tuple(words))
