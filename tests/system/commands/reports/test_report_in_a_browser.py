"""A person looks through a report in a real browser, with a mouse, with keys and on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.connections import Connections
from producer.report.writing import ReportOptions, report_job
from shared.config.settings import Settings
from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.console.webdriver import RIGHT, TAB, Browser, browser, driver_installed
from tests.support.fleets.fleet import in_process
from tests.support.fleets.stored_jobs import ended_job, open_job, page_result

pytestmark = pytest.mark.skipif(
    not driver_installed(), reason="chromium or chromedriver is not installed"
)
BEGINNING = "The keeper of the northern light wrote each evening about the weather and the"
END = "ships that passed, until the lamp was put out in the morning."
#: The boxes whose strokes are thick, and the texts on a coloured ground.
LIT = """return [...document.querySelectorAll('.box, .part')]
  .filter(each => getComputedStyle(each).getPropertyValue('--lit').trim() === '1')
  .map(each => each.id || each.querySelector('text').textContent)"""
SHOWN = "return [...document.querySelectorAll('.page')].filter(p => p.offsetHeight).map(p => p.id)"
PAINTED = """return [...document.querySelectorAll('.page > h2')]
  .filter(each => each.checkVisibility({contentVisibilityAuto: true})).length"""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as session:
        yield session


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    return settings()


def block(top: int, text: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, "bbox": (100, top, 900, top + 80), "text": text}


def page_of(*texts: str, **values: Any) -> dict[str, Any]:
    """A page with one block for each text."""
    blocks = [block(100 + 120 * index, text) for index, text in enumerate(texts)]
    return {"markdown": "\n\n".join(texts), "blocks": blocks, **values}


def opened(
    chrome: Browser, local: Settings, manifest: Manifest, path: Path, **options: Any
) -> None:
    report_job(Connections(local), manifest, path, options=ReportOptions(**options))
    chrome.open(path.as_uri())


@pytest.fixture
def joined(local: Settings) -> Manifest:
    """Two pages; the last paragraph of the first continues on the second."""
    pages = [page_of("First things first.", BEGINNING), page_of(END, "Nothing more was written.")]
    return ended_job(JobStore(open_store(local)), pages)


def test_pointing_at_a_box_lights_up_its_text_and_back(
    chrome: Browser, local: Settings, joined: Manifest, tmp_path: Path
) -> None:
    opened(chrome, local, joined, tmp_path / "out.html")

    chrome.point_at("#page-1 .box.k1 rect")
    at_box = chrome.run(LIT)
    chrome.point_at("#page-2-2")
    at_text = chrome.run(LIT)

    assert at_box == ["1 text", "page-1-1"]
    assert at_text == ["2 text", "page-2-2"]


def test_a_joined_block_shows_both_places(
    chrome: Browser, local: Settings, joined: Manifest, tmp_path: Path
) -> None:
    opened(chrome, local, joined, tmp_path / "out.html")

    text = chrome.run("return document.querySelector('#page-1-2').innerText")
    chrome.click("#page-1-2 .after a")
    there = chrome.run(LIT)
    chrome.click("#page-2-1 a")
    back = chrome.run(LIT)

    assert text.replace("\n", " ").startswith(f"{BEGINNING} {END}")
    assert "continues on page 2" in text
    # The mouse still points at the block whose link was clicked.
    assert {"1 text", "page-2-1"} <= set(there)
    assert {"2 text", "page-1-2"} <= set(back)


def test_filters_show_pages_by_status_and_quality(
    chrome: Browser, local: Settings, tmp_path: Path
) -> None:
    reason = {"code": "density", "score": 0.3, "message": "too much"}
    low = {"quality": {"score": 0.3, "reasons": [reason]}}
    fair = {"quality": {"score": 0.7, "reasons": []}}
    failed = {"status": "failed", "error": {"code": "engine_failed", "message": "no"}}
    good = {"quality": {"score": 1, "reasons": []}}
    manifest = ended_job(JobStore(open_store(local)), [good, low, failed, fair])
    opened(chrome, local, manifest, tmp_path / "out.html")

    chrome.click("#only-s-failed")
    only_failed = chrome.run(SHOWN)
    chrome.press(RIGHT)  # to the next filter, which is the first limit of quality
    below_50 = chrome.run(SHOWN)
    chrome.press(RIGHT)
    below_80 = chrome.run(SHOWN)
    reasons = chrome.run("return document.querySelector('#page-2 .reasons').innerText")

    assert only_failed == ["page-3"]
    assert below_50 == ["page-2"]
    assert below_80 == ["page-2", "page-4"]
    assert "density 0.30 too much" in reasons


def test_the_tab_key_goes_from_block_to_block(
    chrome: Browser, local: Settings, joined: Manifest, tmp_path: Path
) -> None:
    opened(chrome, local, joined, tmp_path / "out.html")
    chrome.run("document.querySelector('#page-1 h2 a').focus()")

    seen = []
    for _ in range(4):
        chrome.press(TAB)
        seen.append(chrome.run(LIT))

    # The link to the other place is a stop too; its block does not light up.
    assert seen[:2] == [["1 text", "page-1-1"], ["2 text", "page-1-2"]]
    assert seen[2] == []
    assert chrome.run("return document.activeElement.textContent") == "Page 2"


def test_a_report_fits_on_a_phone(chrome: Browser, local: Settings, tmp_path: Path) -> None:
    row = "".join(f"<td>column {number}</td>" for number in range(12))
    wide = f"<table><tr>{row}</tr></table>"
    long = "a" * 300
    pages = [page_of("A paragraph. " * 20, wide, long), page_of(f"`{long}`")]
    manifest = ended_job(
        JobStore(open_store(local)), pages, labels={"batch": long, "another-label": "seven"}
    )

    with chrome.phone(360):
        opened(chrome, local, manifest, tmp_path / "out.html")
        width = chrome.run("return [innerWidth, document.scrollingElement.scrollWidth]")
        article = chrome.run("return document.querySelector('#page-1 .paper').offsetWidth")

    assert width == [360, 360]
    assert article > 290


def test_only_pages_near_the_view_of_hundreds_are_rendered(
    chrome: Browser, local: Settings, tmp_path: Path
) -> None:
    jobs = JobStore(open_store(local))
    manifest = open_job(jobs, 300, b"%PDF-1.7")
    # Pictures take longest to make, and this is about the file; so the document is gone.
    jobs.store.delete([f"jobs/{manifest.job_id}/source.pdf"])
    for number in range(1, 301):
        texts = [f"Paragraph {part} of page {number}. " * 10 for part in range(7)]
        jobs.write_result(page_result(manifest, number, **page_of(*texts)))
    opened(chrome, local, manifest, tmp_path / "out.html")

    at_start = chrome.run(PAINTED)
    chrome.run("location.hash = '#page-200'")
    top = chrome.run("return document.querySelector('#page-200').getBoundingClientRect().top")

    assert chrome.run("return document.querySelectorAll('.page').length") == 300
    assert 1 <= at_start <= 20
    assert 1 <= chrome.run(PAINTED) <= 40
    assert 0 <= top < 900


def test_images_are_files_that_load_when_their_page_comes_into_view(
    chrome: Browser, local: Settings, tmp_path: Path
) -> None:
    manifest = ended_job(JobStore(open_store(local)), [page_of("one " * 400)] * 40)
    opened(chrome, local, manifest, tmp_path / "out.html", in_folder=True)

    loaded = "return [...document.images].filter(each => each.complete && each.naturalWidth).length"
    first = chrome.run(loaded)

    assert len(list((tmp_path / "out_files").glob("*.jpg"))) == 40
    assert 1 <= first < 20
    assert (tmp_path / "out.html").stat().st_size < 300_000


def test_the_worst_pages_come_first_with_their_reasons(
    chrome: Browser, local: Settings, tmp_path: Path
) -> None:
    def judged(score: float) -> dict[str, Any]:
        reason = {"code": "repetition", "score": score, "message": "a loop"}
        return {"quality": {"score": score, "reasons": [reason]}}

    failed = {"status": "failed", "error": {"code": "engine_failed", "message": "no answer"}}
    pages = [judged(0.9), judged(0.2), failed, judged(0.4), {}]
    manifest = ended_job(JobStore(open_store(local)), pages)
    path = tmp_path / "worst.html"

    done = in_process(local, "report", manifest.job_id, "-o", str(path), "--worst", "3")
    chrome.open(path.as_uri())

    assert done.status == 0, done.err
    assert done.out.splitlines() == [
        "page 3: failed: engine_failed: no answer",
        "page 2: quality 0.20: repetition: a loop",
        "page 4: quality 0.40: repetition: a loop",
    ]
    assert chrome.run(SHOWN) == ["page-3", "page-2", "page-4"]
