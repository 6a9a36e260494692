"""Lines that the models could not read are read by an installed Tesseract.

The program of these tests is a script that answers as Tesseract does.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText
from workers.engines.cpu.tesseract.installation import find_tesseract
from workers.engines.cpu.tesseract.other_scripts import OtherReading, read_other_scripts
from workers.engines.cpu.tesseract.scripts import readable_scripts

#: What the program prints for each language: the words of each line with confidence.
ANSWERS: dict[str, list[tuple[str, float]]] = {
    "rus": [("Старый", 96), ("мост", 95)],
    "heb": [("871006", 30)],
    "rus+eng": [("Старый", 96), ("Bridgo", 60)],
}
PROGRAM = """#!/bin/sh
case "$*" in
  --version) echo "tesseract 5.3.0"; exit;;
  --list-langs) printf 'List of available languages (3):\\neng\\nheb\\nrus\\n'; exit;;
esac
env > {folder}/environment; cat > {folder}/picture; cat {folder}/answer-$4
"""


def row(page: int, left: int, text: str, score: float) -> str:
    return f"5\t{page}\t1\t1\t1\t1\t{left}\t20\t100\t30\t{score}\t{text}\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder with the program, on the path of this process."""
    for language, words in ANSWERS.items():
        lines = [
            row(1, 16 + 200 * i, str(word), float(score)) for i, (word, score) in enumerate(words)
        ]
        (tmp_path / f"answer-{language}").write_text("level\tpage_num\n" + "".join(lines))
    file = tmp_path / "tesseract"
    file.write_text(PROGRAM.format(folder=tmp_path))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    find_tesseract.cache_clear()
    yield tmp_path
    find_tesseract.cache_clear()


class Models:
    """Models that read each crop as a Latin word."""

    def read_crops(self, crops: list[Pixels]) -> list[RecognizedText]:
        return [RecognizedText("Bridge", 0.98) for _ in crops]


def line(text: str, score: float, top: int = 0) -> tuple[Corners, RecognizedText]:
    box = [(0, top), (600, top), (600, top + 40), (0, top + 40)]
    return np.array(box, np.float32), RecognizedText(text, score)


def reading(lines: list[tuple[Corners, RecognizedText]], worths: Sequence[float]) -> OtherReading:
    return read_other_scripts(Models(), np.full((400, 700, 3), 255, np.uint8), lines, worths)


def test_a_line_that_was_not_read_is_read_in_the_language_that_is_surest(program: Path) -> None:
    result = reading([line("Cтap", 0.8)], [0.0])

    assert [text.text for _, text in result.lines] == ["Старый Bridge"]
    assert result.read_by == "tesseract 5.3.0 (rus)"
    assert (program / "picture").read_bytes()[:4] in (b"II*\0", b"MM\0*")


def test_lines_that_the_models_read_stay(program: Path) -> None:
    read, lost = line("The old bridge", 0.97), line("", 0.9, 60)

    result = reading([read, lost], [0.94, 0.0])
    assert [text.text for _, text in result.lines] == ["The old bridge", "Старый Bridge"]
    assert reading([read, read], [0.94, 0.94]).read_by == ""


def test_the_program_gets_no_secrets(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-pass")
    monkeypatch.setenv("PAGEFLEET_REDIS_URL", "redis://:do-not-pass@host")

    reading([line("", 0.9)], [0.0])

    assert "do-not-pass" not in (program / "environment").read_text()


def test_without_the_program_the_lines_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    find_tesseract.cache_clear()
    lines = [line("", 0.9)]

    assert reading(lines, [0.0]) == OtherReading(lines)


@pytest.mark.parametrize(
    "answer", ["", "5\t1\tx\n", row(1, 10, "word", 95.0), row(9, 1, "мост", 99)]
)
def test_an_unusual_answer_leaves_the_lines(program: Path, answer: str) -> None:
    for language in ("rus", "heb"):
        (program / f"answer-{language}").write_text(answer)
    lines = [line("", 0.9)]

    assert reading(lines, [0.0]) == OtherReading(lines)


def test_a_program_that_fails_leaves_the_lines(program: Path) -> None:
    for language in ("rus", "heb"):
        (program / f"answer-{language}").unlink()
    lines = [line("", 0.9)]

    assert reading(lines, [0.0]) == OtherReading(lines)


def test_the_installed_languages_decide_which_scripts_are_read() -> None:
    names = [script.name for script in readable_scripts({"eng", "osd", "ukr", "script/Thai"})]

    assert names == ["Cyrillic", "Thai"]
