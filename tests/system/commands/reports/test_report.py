"""``pagefleet report`` shows page images, boxes and Markdown, and is safe for hostile content."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from producer.connections import Connections
from producer.report.markdown import to_html
from producer.report.writing import report_job
from shared.config.settings import Settings
from shared.domain.records.job import Manifest, Source
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.console.browser import chromium, installed, picture
from tests.support.documents.pdf_samples import box, pdf
from tests.support.fleets.fleet import in_process, pagefleet
from tests.support.fleets.stored_jobs import ended_job, open_job, pdf_bytes
from tests.support.servers.webhook_receiver import receiver

HOSTILE = '"><script>document.title="pwned"</script><img src=x onerror=document.title="pwned">'
needs_browser = pytest.mark.skipif(installed() is None, reason="chromium is not installed")


class Elements(HTMLParser):
    """Every element of a page with its attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def report(settings: Settings, manifest: Manifest, path: Path) -> str:
    """The report of a job as text."""
    report_job(Connections(settings), manifest, path)
    return path.read_text("utf-8")


def hostile_page(extra: str = "") -> dict[str, Any]:
    """A page result with an attack in every text."""
    return {
        "markdown": f"{HOSTILE}\n\n[a](javascript:x) {extra}\n\n<table onclick=x><tr><td>kept",
        "blocks": [
            {"type": "title", "bbox": (10, 10, 500, 100), "text": HOSTILE, "confidence": 0.93},
            {"type": "table", "bbox": (10, 200, 900, 600), "text": HOSTILE},
        ],
        "engine": {"name": HOSTILE, "model": HOSTILE, "version": HOSTILE},
        "finish_reason": HOSTILE,
        "image": {"width": 600, "height": 800},
        "timings_ms": {"render": 12.0, "engine": 1500.0},
        "attempts": 2,
    }


def test_a_report_shows_status_counts_engine_attempts_times_boxes_and_errors(
    store_settings: SettingsFactory, tmp_path: Path
) -> None:
    config = store_settings()
    failed = {"status": "failed", "error": {"code": "engine_failed", "message": "out of luck"}}
    pages = [hostile_page(), failed, {"status": "blank", "markdown": ""}]
    manifest = ended_job(JobStore(open_store(config)), pages, labels={"batch": "seven"})

    page = Elements(report(config, manifest, tmp_path / "out.html"))

    words = " ".join(" ".join(page.words).split())
    for expected in (
        "book.pdf", manifest.job_id, "partial", "1 ok", "1 blank", "1 failed", "seven",
        "engine_failed: out of luck", "This page is blank.", "render 12 ms", "engine 1.5 s",
        "1 title 0.93", "2 table", "600 × 800 px",
    ):  # fmt: skip
        assert expected in words
    rects = [each for each in page.all("rect")]
    assert (rects[0]["x"], rects[0]["width"]) == ("10.0", "490.5")
    assert [each["class"] for each in page.all("g")] == ["box t-title k1", "box t-table k2"]
    pictures = [each["src"] or "" for each in page.all("img") if each.get("width")]
    assert len(pictures) == 3
    assert all(each.startswith("data:image/jpeg;base64,") for each in pictures)


def test_nothing_hostile_becomes_an_element(settings: SettingsFactory, tmp_path: Path) -> None:
    config = settings()
    source = Source(name=HOSTILE, key="source.pdf", bytes=1)
    error = {"code": HOSTILE, "message": HOSTILE}
    pages = [hostile_page("![x](https://evil.example/x.png)"), {"status": "failed", "error": error}]
    jobs = JobStore(open_store(config))
    manifest = ended_job(jobs, pages, source=source, labels={HOSTILE: HOSTILE})

    text = report(config, manifest, tmp_path / "out.html")

    page = Elements(text)
    assert page.all("script") == []
    assert [
        name for _, attributes in page.elements for name in attributes if name.startswith("on")
    ] == []
    assert all((each.get("src") or "data:").startswith("data:") for each in page.all("img"))
    assert all((each["href"] or "").startswith("#page-") for each in page.all("a"))
    assert HOSTILE in html.unescape(text)
    (policy,) = (each["content"] or "" for each in page.all("meta") if "http-equiv" in each)
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_a_report_has_no_controls_and_no_marks_of_direction(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    unsafe = "a\x1b]0;\x07\x9b\u202efdp"
    source = Source(name=unsafe, key="source.pdf", bytes=1)
    block = {"type": "title", "bbox": (10, 10, 500, 100), "text": unsafe}
    error: dict[str, Any] = {"status": "failed", "error": {"code": unsafe, "message": unsafe}}
    pages = [{"markdown": unsafe, "blocks": [block]}, error]
    manifest = ended_job(JobStore(open_store(config)), pages, source=source, labels={unsafe: "x"})

    text = report(config, manifest, tmp_path / "out.html")

    assert "a]0;fdp" in text
    assert not set("\x1b\x07\x9b\u202e") & set(text)


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>x</script>",
        "<img src=x onerror=y>",
        "[a](javascript:x)",
        "[a](data:text/html,x)",
        "![a](file:///etc/passwd)",
        "![a](https://evil.example/x.png)",
        "<table style='x' onclick=y><td>a</td></table>",
        "<a href='java&#10;script:x'>a</a>",
        "<svg><script>x</script></svg>",
        "<iframe srcdoc='<script>x</script>'></iframe>",
        "<form action=//evil.example><input></form>",
        "<math><annotation-xml encoding='text/html'><script>x</script>",
        r"\(<script>x</script>\)",
    ],
)
def test_rendered_markdown_has_no_active_elements(markdown: str) -> None:
    page = Elements(to_html(markdown, {}))

    assert {tag for tag, _ in page.elements} <= {
        "p",
        "a",
        "img",
        "table",
        "tbody",
        "tr",
        "td",
        "span",
    }
    names = {name for _, attributes in page.elements for name in attributes}
    assert names <= {"alt", "rel", "class"}


def test_formulas_are_not_rendered_as_markdown() -> None:
    assert to_html(r"a \(x_1 * y_2 * z\) b", {}) == (
        '<p>a <span class="math">\\(x_1 * y_2 * z\\)</span> b</p>\n'
    )


def test_only_figures_of_the_same_job_are_shown(settings: SettingsFactory, tmp_path: Path) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    key = "figures/000001-01-0123456789ab.png"
    figures = [
        {"key": key, "bbox": (0, 0, 9, 9)},
        {"key": "../../other/figures/000001-01-0123456789ab.png", "bbox": (0, 0, 9, 9)},
        {"key": "../job.json", "bbox": (0, 0, 9, 9)},
    ]
    text = "![one](figure:1) ![two](figure:2) ![three](figure:3)"
    manifest = ended_job(jobs, [{"markdown": text, "figures": figures}])
    jobs.store.put(f"jobs/{manifest.job_id}/{key}", b"the crop")

    page = Elements(report(config, manifest, tmp_path / "out.html"))

    shown = {each["alt"]: each.get("src") for each in page.all("img") if not each.get("width")}
    assert shown["one"] == "data:image/png;base64,dGhlIGNyb3A="
    assert shown["three"] is None


def test_an_open_job_without_its_source_has_a_report(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    manifest = open_job(jobs, 2)
    jobs.store.delete([f"jobs/{manifest.job_id}/source.pdf"])

    words = " ".join(Elements(report(config, manifest, tmp_path / "out.html")).words)

    assert words.count("has not been read yet") == 2
    assert "the submitted document is no longer in the store" in words


def test_a_replaced_source_is_not_shown_in_a_report(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    manifest = open_job(jobs, 2)
    jobs.store.put(f"jobs/{manifest.job_id}/source.pdf", pdf_bytes(3))

    words = " ".join(Elements(report(config, manifest, tmp_path / "out.html")).words)

    assert words.count("the submitted document is no longer in the store") == 2


def test_a_page_that_cannot_be_rendered_shows_the_reason(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    manifest = ended_job(JobStore(open_store(config)), data=b"%PDF-1.7 and nothing else")

    words = " ".join(Elements(report(config, manifest, tmp_path / "out.html")).words)

    assert "No picture:" in words
    assert "text of page 1" in words


def test_the_pictures_of_a_long_document_are_files_beside_the_report(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    manifest = ended_job(JobStore(open_store(config)), [{}] * 60)

    text = report(config, manifest, tmp_path / "my report.html")
    again = report_job(Connections(config), manifest, tmp_path / "my report.html")

    assert again.folder == tmp_path / "my report_files"
    assert len(text) < 500_000
    sources = [each["src"] or "" for each in Elements(text).all("img")]
    assert sources == [f"my%20report_files/{page:06d}.jpg" for page in range(1, 61)]
    assert len(list((tmp_path / "my report_files").iterdir())) == 60
    assert "loading=lazy" in text


def test_the_command_writes_the_file_or_one_error_line(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    manifest = ended_job(JobStore(open_store(config)))
    job = manifest.job_id

    good = pagefleet(config, "report", job, "-o", str(tmp_path / "new" / "out.html"))
    folder = in_process(config, "report", job, "-o", str(tmp_path))

    assert (good.status, folder.status) == (0, 2), good.err + folder.err
    assert (tmp_path / "new" / "out.html").stat().st_size > 1000
    assert len(folder.err.strip().splitlines()) == 1


@needs_browser
def test_a_browser_runs_no_script_and_makes_no_request_for_a_hostile_document(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings()
    source = Source(name=HOSTILE, key="source.pdf", bytes=1)
    with receiver() as server:
        beacon = f"![x]({server.url()}) <img src={server.url()}> [x]({server.url()})"
        manifest = ended_job(JobStore(open_store(config)), [hostile_page(beacon)], source=source)
        report(config, manifest, tmp_path / "out.html")
        dom = chromium((tmp_path / "out.html").as_uri(), "--dump-dom")

    assert re.search("<title>(.*?)</title>", dom, re.DOTALL) is not None
    assert "<title>pwned" not in dom
    assert "Page 1" in dom
    assert server.calls == []
    assert server.gets == []


@needs_browser
@pytest.mark.parametrize("width", [1300, 500])
def test_a_browser_shows_boxes_over_the_upright_page(
    settings: SettingsFactory, tmp_path: Path, width: int
) -> None:
    config = settings()
    # The left half of the stored page is red, which is the upper half of the upright page.
    data = pdf([box(1, 0, 0, (0, 0, 200, 300))], size=(400, 300))
    block = {"type": "text", "bbox": (0, 500, 999, 999), "text": "lower half"}
    page = {"image": {"width": 300, "height": 400, "rotation": 90}, "blocks": [block]}
    manifest = ended_job(JobStore(open_store(config)), [page], data=data)
    report(config, manifest, tmp_path / "out.html")

    seen = picture((tmp_path / "out.html").as_uri(), width, 1400, tmp_path)

    red = (seen[..., 0] > 200) & (seen[..., 1] < 90) & (seen[..., 2] < 90)
    across = int(np.flatnonzero(red.sum(axis=0) > 50).size)
    down = int(np.flatnonzero(red.sum(axis=1) > 50).size)
    assert across > width * (0.4 if width > 800 else 0.8)
    assert down == pytest.approx(across * (400 / 300) / 2, rel=0.08)
    # The box covers the white half, in the blue of its type.
    top = int(np.flatnonzero(red.sum(axis=1) > 50).max())
    left = int(np.flatnonzero(red.sum(axis=0) > 50).min())
    below = seen[top + down // 2, left + across // 2].astype(int)
    assert below[2] > below[0] + 5
