"""The scripts that the models do not know, and the language data of Tesseract that read them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from workers.engines.cpu.characters import is_rtl

#: Languages of one script that are compared at most.
_MOST_LANGUAGES = 4


@dataclass(frozen=True)
class Script:
    """One script: its name, its letters as a range of a pattern, and its languages."""

    name: str
    letters: str
    languages: tuple[str, ...]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"[{self.letters}]")

    @property
    def is_right_to_left(self) -> bool:
        """Whether it is written from right to left."""
        return is_rtl(self.letters[0])

    def count(self, text: str) -> int:
        """The number of letters of this script in ``text``."""
        return len(self._pattern.findall(text))

    def installed(self, languages: Collection[str]) -> list[str]:
        """Those of ``languages`` that read this script, the most common first."""
        named = (*self.languages, f"script/{self.name}")
        return [language for language in named if language in languages][:_MOST_LANGUAGES]


SCRIPTS = (
    Script(
        "Cyrillic",
        "\u0400-\u052f",
        ("rus", "ukr", "bul", "srp", "bel", "mkd", "kaz", "kir", "mon", "tgk", "tat", "uzb_cyrl"),
    ),
    Script(
        "Arabic",
        "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
        ("ara", "fas", "urd", "pus", "uig", "snd", "kur_ara"),
    ),
    Script("Greek", "\u0370-\u03ff\u1f00-\u1fff", ("ell", "grc")),
    Script("Hebrew", "\u0590-\u05ff", ("heb", "yid")),
    Script("Hangul", "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3", ("kor",)),
    Script("Devanagari", "\u0900-\u097f", ("hin", "mar", "nep", "san")),
    Script("Thai", "\u0e00-\u0e7f", ("tha",)),
    Script("Bengali", "\u0980-\u09ff", ("ben", "asm")),
    Script("Tamil", "\u0b80-\u0bff", ("tam",)),
    Script("Telugu", "\u0c00-\u0c7f", ("tel",)),
    Script("Gujarati", "\u0a80-\u0aff", ("guj",)),
    Script("Gurmukhi", "\u0a00-\u0a7f", ("pan",)),
    Script("Kannada", "\u0c80-\u0cff", ("kan",)),
    Script("Malayalam", "\u0d00-\u0d7f", ("mal",)),
    Script("Oriya", "\u0b00-\u0b7f", ("ori",)),
    Script("Sinhala", "\u0d80-\u0dff", ("sin",)),
    Script("Georgian", "\u10a0-\u10ff\u1c90-\u1cbf", ("kat",)),
    Script("Armenian", "\u0530-\u058f", ("hye",)),
    Script("Ethiopic", "\u1200-\u137f", ("amh", "tir")),
    Script("Khmer", "\u1780-\u17ff", ("khm",)),
    Script("Lao", "\u0e80-\u0eff", ("lao",)),
    Script("Myanmar", "\u1000-\u109f", ("mya",)),
    Script("Tibetan", "\u0f00-\u0fff", ("bod", "dzo")),
)


def readable_scripts(languages: Collection[str]) -> list[Script]:
    """The scripts that Tesseract with the data of ``languages`` reads."""
    return [script for script in SCRIPTS if script.installed(languages)]
