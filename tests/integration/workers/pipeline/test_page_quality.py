"""The quality of a page: a faithful reading scores high, each kind of broken one low."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pymupdf
import pytest

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.job_ids import JobIdentity
from shared.domain.records.job import Manifest
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block, Confidence, EngineInfo, PageResult
from shared.domain.tasks import Task
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.stored_jobs import open_job
from tests.support.paths import ROOT
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.fake.engine import FakeEngine
from workers.inflight.cancellation import Cancellation
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.page_pipeline import Pipeline
from workers.pipeline.page_to_read import PageToRead
from workers.pipeline.rendering import Renderer
from workers.pipeline.source_cache import SourceCache

TEXT = (
    "the harbour bell rang twice before any boat went out and market stalls along quay smelled of "
    "salt bread coffee while keepers wrote names weights prices into their long blue ledgers until "
    "noon when rain began again over roofs chimneys gardens hills and empty northern roads"
)
WORDS = TEXT.split()
WIDTH, HEIGHT = 595, 842
GOOD, BROKEN = 0.8, 0.5


def paragraphs(seed: int) -> list[str]:
    """Three paragraphs of 60 words, in another order for each seed."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=60)) for _ in range(3)]


def document(*pages: list[str]) -> bytes:
    """A PDF with each paragraph in a box of its own."""
    with pymupdf.open() as pdf:
        for texts in pages:
            page = pdf.new_page(width=WIDTH, height=HEIGHT)
            for index, text in enumerate(texts):
                top = 72 + 200 * index
                page.insert_textbox((72, top, 523, top + 190), text, fontsize=11)
        return bytes(pdf.tobytes())


def scan(data: bytes) -> bytes:
    """The same pages as pictures, without a text layer."""
    with pymupdf.open(stream=data) as source, pymupdf.open() as pdf:
        for page in source:
            copy = pdf.new_page(width=WIDTH, height=HEIGHT)
            copy.insert_image(copy.rect, pixmap=page.get_pixmap(dpi=100))
        return bytes(pdf.tobytes())


def faithful(texts: list[str]) -> Reading:
    """What a good engine returns for a page of ``document``."""
    blocks = tuple(
        Block(type="text", bbox=(118, 80 + 238 * index, 882, 250 + 238 * index), text=text)
        for index, text in enumerate(texts)
    )
    return Reading("\n\n".join(texts), blocks)


def rewritten(reading: Reading, change: Callable[[str], str]) -> Reading:
    """``reading`` with ``change`` made to the text of each block."""
    blocks = tuple(
        block.model_copy(update={"text": change(block.text)}) for block in reading.blocks
    )
    return replace(reading, markdown="\n\n".join(block.text for block in blocks), blocks=blocks)


def shuffled(text: str) -> str:
    words = text.split()
    random.Random(5).shuffle(words)
    return " ".join(words)


def looping(text: str) -> str:
    return text[:150] + " and the bell rang once more" * 25


class Scripted(FakeEngine):
    """Returns one prepared reading, as an engine that reads text."""

    def __init__(self, settings: Settings, reading: Reading) -> None:
        super().__init__(settings, "m")
        self.info = EngineInfo(name="vllm", model="m", version="1")
        self.reading = reading

    def plan(self, options: PageOptions) -> RenderPlan:
        return RenderPlan(longest_side=1400)

    async def read(self, view: RenderedPage) -> Reading:
        return self.reading


@dataclass(frozen=True)
class Reader:
    """Reads page 1 of a document with the real pipeline and a prepared engine."""

    pipeline: Pipeline
    jobs: JobStore
    engine: Scripted

    def __call__(
        self, data: bytes, reading: Reading, manifest: Manifest | None = None
    ) -> PageResult:
        self.engine.reading = reading
        job = manifest or open_job(self.jobs, 1, data)
        return self.pipeline.read(PageToRead(job, 1, 1, Cancellation()))

    def score(self, data: bytes, reading: Reading) -> float:
        """The score of the page's quality."""
        quality = self(data, reading).quality
        assert quality is not None
        return quality.score


@pytest.fixture
def read(settings: SettingsFactory, renderer: Renderer, tmp_path: Path) -> Iterator[Reader]:
    config = settings()
    jobs = JobStore(open_store(config))
    engine = Scripted(config, Reading(""))
    with ExitStack() as stack:
        host = EngineHost(engine)
        host.start()
        stack.callback(host.stop)
        cache = SourceCache(jobs.store, tmp_path / "cache", 10**9)
        yield Reader(Pipeline(jobs, cache, renderer, host), jobs, engine)


@pytest.mark.parametrize("made", [document, lambda texts: scan(document(texts))])
def test_a_faithful_reading_has_a_high_score(
    read: Reader, made: Callable[[list[str]], bytes]
) -> None:
    texts = paragraphs(1)

    assert read.score(made(texts), faithful(texts)) > GOOD


def test_the_reading_of_a_table_and_a_heading_has_a_high_score(read: Reader) -> None:
    texts = paragraphs(2)
    rows = "".join(f"<tr><td>{word}</td></tr>" for word in texts[1].split())
    reading = faithful(texts)
    markdown = f"# {texts[0]}\n\n<table>{rows}</table>\n\n**{texts[2]}**"

    assert read.score(document(texts), replace(reading, markdown=markdown)) > GOOD


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("text_layer", shuffled),
        ("text_layer", lambda _: paragraphs(99)[0].upper().replace("E", "O").replace("A", "U")),
        ("repetition", looping),
        ("script", lambda text: text.translate({ord("e"): "\u0435", ord("o"): "\u0436"})),
        ("script", lambda text: "\u7684\u4e00\u662f\u4e0d" * (len(text) // 4)),
        ("density", lambda text: " ".join(paragraphs(7) * 40)),
    ],
)
def test_a_broken_reading_of_a_page_with_a_text_layer_has_a_low_score(
    read: Reader, code: str, change: Callable[[str], str]
) -> None:
    texts = paragraphs(3)

    quality = read(document(texts), rewritten(faithful(texts), change)).quality

    assert quality is not None
    assert quality.score < BROKEN
    assert code in {reason.code for reason in quality.reasons}
    assert quality.score == quality.reasons[0].score


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        ("repetition", lambda good: rewritten(good, looping)),
        ("density", lambda good: rewritten(good, lambda text: " ".join(paragraphs(8) * 40))),
        ("missing_text", lambda _good: Reading("")),
        ("missing_text", lambda good: replace(good, blocks=good.blocks[:1])),
        ("boxes", lambda good: moved(good, (118, 900, 882, 990))),
        ("boxes", lambda good: moved(good, (500, 100, 500, 100))),
        ("length_limit", lambda good: replace(good, finish_reason="length")),
        (
            "low_confidence",
            lambda good: replace(
                good, confidence=Confidence(source="pixels", lines=9, mean=0.6, worst=0.4, ink=1)
            ),
        ),
        (
            "missing_text",
            lambda good: replace(
                good, confidence=Confidence(source="pixels", lines=9, mean=1, worst=1, ink=0.3)
            ),
        ),
    ],
)
def test_a_broken_reading_of_a_scan_has_a_low_score(
    read: Reader, code: str, broken: Callable[[Reading], Reading]
) -> None:
    texts = paragraphs(4)

    quality = read(scan(document(texts)), broken(faithful(texts))).quality

    assert quality is not None
    assert quality.score < BROKEN
    assert quality.reasons[0].code == code


def moved(reading: Reading, box: tuple[int, int, int, int]) -> Reading:
    blocks = tuple(block.model_copy(update={"bbox": box}) for block in reading.blocks)
    return replace(reading, blocks=blocks)


def test_a_layer_that_was_made_by_another_ocr_program_is_no_measure(read: Reader) -> None:
    texts, other = paragraphs(5), paragraphs(6)
    with pymupdf.open(stream=scan(document(texts))) as pdf:
        pdf[0].insert_textbox((72, 72, 523, 770), " ".join(other), fontsize=11, render_mode=3)
        hidden = bytes(pdf.tobytes())

    assert read.score(hidden, faithful(texts)) > GOOD


def test_a_repetition_that_the_page_itself_shows_is_no_fault(read: Reader) -> None:
    texts = ["nothing to report from station seven " * 12] * 3

    assert read.score(document(texts), faithful(texts)) > GOOD
    assert read.score(scan(document(texts)), faithful(texts)) < BROKEN


def test_pages_of_tasks_and_engines_without_text_are_not_judged(read: Reader) -> None:
    texts = paragraphs(1)
    job = open_job(read.jobs, 1, document(texts))
    options = job.options.model_copy(update={"task": Task.DESCRIBE})

    described = read(b"", Reading("A letter."), job.model_copy(update={"options": options}))
    read.engine.info = EngineInfo(name="fake", model="m", version="1")
    fake = read(document(texts), faithful(paragraphs(9)))

    assert (described.quality, fake.quality) == (None, None)


def test_a_job_of_the_first_release_gets_no_field_that_its_workers_refuse(read: Reader) -> None:
    texts = paragraphs(1)
    data = document(texts)
    job = open_job(read.jobs, 1, data)
    old = job.model_copy(update={"job_id": JobIdentity(job.sha256, job.options).legacy_job_id})
    source = object_keys.source(old.job_id, job.source.key)
    read.jobs.store.put(source, data)
    schema = ROOT / "tests/support/releases/v0_1/schemas/page-result.json"
    known = set(json.loads(schema.read_text())["properties"])

    sure = Confidence(source="pixels", lines=1, mean=1, worst=1, ink=1)
    result = read(data, replace(faithful(texts), confidence=sure), old)
    new = read(data, replace(faithful(texts), confidence=sure), job)

    assert set(result.model_dump(by_alias=True, mode="json")) <= known
    assert (new.confidence, new.quality is not None) == (sure, True)
