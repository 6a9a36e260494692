"""Page results of a document of any length with everything that the rules of structure look for."""

import random
from collections.abc import Iterator
from pathlib import Path

from shared.domain import object_keys
from shared.domain.job_ids import JobIdentity
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest, Source
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block, EngineInfo, PageImage, PageResult
from shared.domain.tasks import Task

_OPTIONS = PageOptions(engine="fake", model="fake-1")
_ENGINE = EngineInfo(name="fake", model="fake-1", version="1")
_SENTENCE = (
    "the harbour of a town was built from stone and timber by people who came over water in every "
    "year after winter while ships carried grain salt wool iron and letters between small islands "
    "north of here until storms closed their narrow way again so merchants kept long lists"
)
_WORDS = _SENTENCE.split()
_BLANK_EVERY, _TABLE_EVERY, _HEADING_EVERY, _NOTE_EVERY, _LIST_EVERY = 97, 10, 4, 3, 7


def long_manifest(pages: int) -> Manifest:
    """A job about a document of ``pages`` pages."""
    return Manifest(
        job_id=JobIdentity("b" * 64, _OPTIONS).job_id,
        source=Source(name="long.pdf", key="source.pdf", bytes=1),
        sha256="b" * 64,
        page_count=pages,
        options=_OPTIONS,
        created=1.0,
    )


def long_results(manifest: Manifest) -> Iterator[PageResult]:
    """The results of all pages: about 2,500 characters in a dozen blocks each."""
    for page in range(1, manifest.page_count + 1):
        blocks = [] if page % _BLANK_EVERY == 0 else list(_blocks(page))
        yield PageResult(
            job_id=manifest.job_id,
            page=page,
            task=Task.MARKDOWN,
            status="ok" if blocks else "blank",
            markdown="\n\n".join(
                block.text for block in blocks if block.type not in ("header", "page_number")
            ),
            blocks=tuple(blocks),
            image=PageImage(width=1240, height=1754),
            engine=_ENGINE,
            prompt_tokens=900,
            output_tokens=700,
        )


def write_results(store: Path, manifest: Manifest) -> None:
    """Write an open job with all results below the file store ``store``, without syncing."""
    folder = store / "jobs" / manifest.job_id
    (folder / "pages").mkdir(parents=True)
    (folder / "source.pdf").write_bytes(b"x")
    (folder / "job.json").write_bytes(to_json(manifest))
    for result in long_results(manifest):
        (store / object_keys.page(manifest.job_id, result.page)).write_bytes(to_json(result))


def _blocks(page: int) -> Iterator[Block]:
    chance = random.Random(page)
    number = page // _HEADING_EVERY
    yield _block("header", 40, 60, f"Part {page // 200 + 1} of the chronicle")
    if page % _HEADING_EVERY == 0:
        title = f"{number % 40 + 1}.{number % 7 + 1} {_text(chance, 4).capitalize()}"
        yield _block("sub_title", 95, 120, f"## {title}")
    # The first half of a paragraph ends the page before.
    yield _block("text", 130, 200, f"{_text(chance, 40)}.")
    for paragraph in range(6):
        mark = "<sup>1</sup>" if page % _NOTE_EVERY == 0 and paragraph == 2 else ""
        top = 210 + 80 * paragraph
        yield _block(
            "text", top, top + 70, f"{_text(chance, 30).capitalize()},{mark} {_text(chance, 25)}."
        )
    if page % _LIST_EVERY == 0:
        for item in range(3):
            yield _block("list", 700 + 15 * item, 712 + 15 * item, f"- {_text(chance, 8)}.")
    if page % _TABLE_EVERY == 0:
        yield _block("table", 750, 800, _table(chance))
    if page % _NOTE_EVERY == 0:
        yield _block("footnote", 890, 905, f"<sup>1</sup> {_text(chance, 12).capitalize()}.")
    yield _block("text", 810, 880, f"{_text(chance, 38).capitalize()} and inter-")
    yield _block("page_number", 950, 970, str(page))


def _block(kind: str, top: int, bottom: int, text: str) -> Block:
    return Block.model_validate({"type": kind, "bbox": (110, top, 890, bottom), "text": text})


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))


def _table(chance: random.Random) -> str:
    rows = (
        f"<tr><td>{_text(chance, 2)}</td><td>{chance.randrange(900)}</td></tr>" for _ in range(6)
    )
    return f"<table><tr><th>Goods</th><th>Price</th></tr>{''.join(rows)}</table>"
