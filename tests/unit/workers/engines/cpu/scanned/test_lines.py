"""Lines of a scan: words that are struck out, and titles of spaced letters."""

import numpy as np

from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.recognition import RecognizedText, RecognizedWord
from workers.engines.cpu.scanned.lines import LineBuilder
from workers.engines.cpu.values import Box, Line

#: Pixels: the height of a line, the width of a letter, and the step to the next one.
HEIGHT, LETTER, STEP = 20, 10, 12


def read(text: str, step: int = STEP, word_step: int = STEP, rules: Rules | None = None) -> Line:
    """The line of ``text`` whose letters are black bars, ``step`` pixels from one to the next.

    A further ``word_step`` pixels stand at each space; the recogniser reports no space.
    """
    # Imported here: it loads the recogniser, and every test process collects this file.
    lefts, left = [], 0
    for letter in text:
        if letter != " ":
            lefts.append(left)
        left += word_step if letter == " " else step
    ink = np.zeros((HEIGHT, left), np.uint8)
    for start in lefts:
        ink[:, start : start + LETTER] = 1
    corners = np.array([(0, 0), (left, 0), (left, HEIGHT), (0, HEIGHT)], np.float32)
    middles = tuple((start + LETTER / 2) / left for start in lefts)
    known = text if rules else text.replace(" ", "")
    return LineBuilder(ink, rules or Rules(), 1.0).line(
        corners, RecognizedText(known, 0.9, middles)
    )


def struck(line: Line) -> str:
    """The struck characters of ``line``."""
    return "".join(each.text for each in line.characters if each.struck).strip()


def test_words_under_a_rule_are_struck_and_others_are_not() -> None:
    rule = Box(0, 10, 4 * STEP, 11)
    low = Box(0, 18, 4 * STEP, 19)

    assert struck(read("four more", rules=Rules((rule,)))) == "four"
    assert struck(read("four more", rules=Rules((low,)))) == ""


def test_words_of_a_title_with_spaced_letters_are_apart() -> None:
    assert read("ANNUAL REPORT", step=20, word_step=20).text == "ANNUAL REPORT"
    assert read("ANNUALREPORT", step=20).text == "ANNUALREPORT"
    assert read("ANNUAL REPORT").text == "ANNUALREPORT"  # letters as close as in a word


def test_words_from_right_to_left_are_in_reading_order() -> None:
    words = [
        ("המפתח של", 0.8, 0.9),
        ("Heron", 0.3, 0.5),
        ("Bridge", 0.55, 0.7),
        ("בכל יום חול", 0.1, 0.25),
    ]
    text = RecognizedText("", 0.9, words=tuple(RecognizedWord(*word, 0.9) for word in words))
    corners = np.array([(0, 0), (600, 0), (600, HEIGHT), (0, HEIGHT)], np.float32)

    line = LineBuilder(np.zeros((HEIGHT, 600), np.uint8), Rules(), 1.0).line(corners, text)

    assert line.text == "המפתח של Heron Bridge בכל יום חול"
    assert (round(line.box.left), round(line.box.right)) == (60, 540)
