"""Fuzzer of the options files of a watch: each is valid, or has its own error in words."""

import json
import random

from producer.submission.request import Request
from producer.watching.folder_options import BadFolderOptions, FolderOptions, parse
from shared.config.settings import Settings
from tests.system.fuzz.fuzzing import fuzzer
from tests.system.fuzz.values import cut, text, value

_NAMES = (*FolderOptions.model_fields, "engine", "store", "redis_url")
_NEST = ("[" * 40 + "]" * 40, "{a = " * 30 + "1" + "}" * 30, "1979-05-27", "'''x'''", "0x_1")
_REQUEST = Request(Settings.model_construct(engine="fake"))


def _file(source: random.Random) -> bytes:
    lines = [_line(source) for _ in range(source.randint(0, 5))]
    data = "\n".join(lines).encode(errors="surrogatepass")
    return cut(source, data) if data and source.random() < 0.3 else data


def _line(source: random.Random) -> str:
    if source.random() < 0.1:
        return source.choice(("[labels]", "[[x]]", "[a.b]", "#", "=", text(source)))
    shown = json.dumps(value(source, 1)) if source.random() < 0.8 else source.choice(_NEST)
    return f"{source.choice(_NAMES)} = {shown}"


def _faults(data: bytes) -> list[str]:
    error = parse("a/pagefleet.toml", data, _REQUEST).error
    if error is None:
        return []
    is_told = isinstance(error, BadFolderOptions) and "\n" not in str(error)
    return [] if is_told else [f"not one line of its own class: {error!r}"]


fuzz = fuzzer(_file, _faults)
