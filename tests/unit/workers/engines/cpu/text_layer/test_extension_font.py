"""Large signs of TeX's formulas are read by their codes, and accents stand over their letters."""

from typing import Any

import pymupdf
import pytest

from tests.support.engines.cpu_lines import styled
from workers.engines.cpu.text_layer import raw_lines as module
from workers.engines.cpu.text_layer.fonts.extension_font import is_extension_font, large_sign
from workers.engines.cpu.text_layer.judging import JudgedLine
from workers.engines.cpu.text_layer.lines import read_lines
from workers.engines.cpu.values import Box


class LayerOfPage:
    """A page whose layer has ``lines``; ``codes`` replace unknown characters on demand."""

    def __init__(self, *lines: list[tuple[str, str, float]]) -> None:
        self._lines = lines

    def get_text(self, kind: str, flags: int = 0) -> Any:
        if kind == "words":
            return []
        with_codes = bool(flags & pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE)
        lines = [
            {"dir": (1, 0), "wmode": 0, "spans": [span(*run, with_codes) for run in line]}
            for line in self._lines
        ]
        return {"blocks": [{"lines": lines}]}

    def get_drawings(self, *_: Any, **__: Any) -> list[Any]:
        return []


def span(font: str, text: str, left: float, with_codes: bool) -> dict[str, Any]:
    shown = text if with_codes or not is_extension_font(font) else "\ufffd"
    char = {
        "c": shown, "bbox": (left, 100, left + 8, 110), "origin": (left, 108), "synthetic": False,
    }  # fmt: skip
    return {
        "font": font, "size": 10.0, "flags": 0, "char_flags": 16, "color": 0, "alpha": 255,
        "chars": [char], "bidi": 0, "ascender": 0.8, "descender": -0.2,
    }  # fmt: skip


def texts(page: LayerOfPage) -> list[str]:
    return [
        "".join(c.text for s in line.spans for c in s.characters) for line in module.raw_lines(page)
    ]


@pytest.mark.parametrize(
    ("code", "letter", "depth"),
    [(0x50, "∑", 10), (0x59, "∏", 14), (0x12, "(", 23.6), (0x08, "{", 11.6)],
)
def test_a_code_gives_the_sign_and_the_place_of_its_ink(
    code: int, letter: str, depth: float
) -> None:
    sign = large_sign(code, Box(0, 90, 8, 100), 100, 10)

    assert sign is not None
    assert sign[0] == letter
    assert sign[1].bottom == pytest.approx(100 + depth)


def test_signs_of_the_font_of_large_signs_get_their_letters() -> None:
    assert texts(LayerOfPage([("CMR10", "a", 72), ("ABCDEF+CMEX10", "P", 90)])) == ["a∑"]


def test_codes_of_other_fonts_stay_unknown() -> None:
    assert not is_extension_font("CMMI10")
    assert not is_extension_font("Cmexico10")


def test_a_wide_accent_at_the_end_of_a_line_stands_over_the_letter_of_the_next_one() -> None:
    page = LayerOfPage([("CMR10", "t", 72), ("CMEX10", "b", 91)], [("CMMI10", "X", 90)])

    assert texts(page) == ["t", "ˆX"]


def test_a_large_operator_is_a_piece_of_its_own() -> None:
    characters = styled(("ab", {"font": "CMR10"}), ("∑", {"font": "CMEX10"}))

    pieces = read_lines([JudgedLine((1.0, 0.0), False, tuple(characters))])

    assert [piece.line.text for piece in pieces] == ["ab", "∑"]
