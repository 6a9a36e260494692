"""Fuzzer of names and keys: a name stays in its folder, a key in its job, or it is refused."""

import random
from collections.abc import Callable
from pathlib import PurePosixPath

from producer.delivery.stems import Stems
from producer.watching.places.beneath import parts_of
from producer.watching.places.place import UnusableName
from shared.domain import object_keys
from shared.domain.errors import UsageError
from tests.system.fuzz.fuzzing import fuzzer
from tests.system.fuzz.values import text

_ID = "0" * 16 + "-" + "0" * 8
_KEYS: tuple[Callable[[str], object], ...] = (
    object_keys.job,
    object_keys.open_marker,
    object_keys.watch,
    object_keys.check_key,
    object_keys.check_prefix,
    object_keys.check_folder,
    lambda name: object_keys.in_job(_ID, name),
    lambda name: object_keys.document(_ID, name),
    lambda name: object_keys.figure_name(1, 1, name),
    object_keys.parse_page_key,
    object_keys.parse_watch_claim,
    object_keys.job_of,
)
_PARTS = ("/", "//", ".", "..", "-", "0", _ID, "-0", "-01", "pages/000001.json", ".pdf", " ")


def _name(source: random.Random) -> str:
    pieces = (
        source.choice(_PARTS) if source.random() < 0.6 else text(source)
        for _ in range(source.randint(0, 5))
    )
    return "".join(pieces)


def _faults(name: str) -> list[str]:
    return [*_key_faults(name), *_stem_faults(name), *_part_faults(name)]


def _key_faults(name: str) -> list[str]:
    for make in _KEYS:
        try:
            key = make(name)
        except UsageError:
            continue
        checked = make not in (object_keys.job_of, object_keys.check_prefix)
        if checked and isinstance(key, str) and ".." in key.split("/"):
            return [f"leads out of its folder: {key!r}"]
    return []


def _stem_faults(name: str) -> list[str]:
    stem = Stems().take(name)
    is_one_line = len(stem.splitlines()) == 1
    is_plain = PurePosixPath(stem).name == stem and len(stem.encode(errors="replace")) <= 255
    return [] if is_plain and is_one_line else [f"no plain stem: {stem!r}"]


def _part_faults(name: str) -> list[str]:
    try:
        parts = parts_of(name)
    except UnusableName:
        return []
    return [f"leads out of its folder: {parts!r}"] if {"", ".", ".."} & set(parts) else []


fuzz = fuzzer(_name, _faults)
