"""``pagefleet evaluate`` scores folders, worst pages first, and is safe for hostile text."""

import json
import os
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from producer.commands import evaluate
from producer.evaluation.pages import read_markdown
from producer.evaluation.scoring import helpers, scored_pages
from producer.evaluation.values import PagePair
from shared.config.settings import Settings
from shared.domain.errors import UsageError
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process

HOSTILE = (
    '"><script>document.title="pwned"</script><img src=x onerror=alert(1)><b onclick=x>bold</b>'
)


@pytest.fixture
def config(settings: SettingsFactory) -> Settings:
    return settings()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Page 1 of the book is right, page 2 half wrong, and the note has no result."""
    for name in ("out", "truth"):
        (tmp_path / name).mkdir()
    (tmp_path / "out" / "book.md").write_text("<!-- page 1 -->\ngood\n\n<!-- page 2 -->\nabxx\n")
    (tmp_path / "truth" / "book.md").write_text("<!-- page 1 -->\ngood\n\n<!-- page 2 -->\nabcd\n")
    (tmp_path / "truth" / "note.md").write_text(f"note\n\n{HOSTILE}\n")
    return str(tmp_path / "out"), str(tmp_path / "truth")


def test_json_has_one_line_per_page_and_the_total(
    config: Settings, folders: tuple[str, str]
) -> None:
    result = in_process(config, "evaluate", *folders, "--json")

    *pages, total = map(json.loads, result.out.splitlines())
    assert result.status == 0
    assert [(p["document"], p["page"], p["text_distance"], p["missing"]) for p in pages] == [
        ("book", 1, 0.0, False),
        ("book", 2, 0.5, False),
        ("note", None, 1.0, True),
    ]
    assert (total["total"], total["pages"], total["missing"]) == (True, 3, 1)
    assert (total["text_distance"], total["overall"], total["table_teds"]) == (0.5, 0.5, None)


def test_the_table_shows_every_page_and_the_total(
    config: Settings, folders: tuple[str, str]
) -> None:
    shown = in_process(config, "evaluate", *folders).out

    rows = [line.replace("│", " ").split() for line in shown.splitlines() if "│" in line]
    assert [row[:3] for row in rows] == [
        ["book", "1", "1.0000"],
        ["book", "2", "0.5000"],
        ["note", "0.0000", "1.0000"],
        ["total", "3", "0.5000"],
    ]


def test_the_html_page_has_the_worst_pages_first_and_nothing_active(
    config: Settings, folders: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "worst.html"

    result = in_process(config, "evaluate", *folders, "-o", str(path), "--worst", "2")

    page = LexborHTMLParser(path.read_text())
    assert result.status == 0
    assert [link.text() for link in page.css("h2 a")] == ["note", "book, page 2"]
    assert page.css("script") == []
    assert [
        each for each in page.css("*") if any(name[:2] == "on" for name in each.attributes)
    ] == []
    assert [image.attributes.get("src") for image in page.css("img")] in ([], [None])
    (meta,) = page.css("meta[http-equiv]")
    assert (meta.attributes["content"] or "").startswith("default-src 'none'")
    assert "bold" in page.css("article")[1].text()


def test_a_bad_file_is_refused_and_the_others_are_scored(
    config: Settings, folders: tuple[str, str]
) -> None:
    Path(folders[1], "note.md").write_bytes(b"\xff")

    result = in_process(config, "evaluate", *folders, "--json")

    assert result.status == 4
    assert "note: error[corrupt]" in result.err
    assert json.loads(result.out.splitlines()[-1])["pages"] == 2


def test_results_without_truth_are_named(config: Settings, folders: tuple[str, str]) -> None:
    Path(folders[0], "mo\x1bre.md").write_text("x")

    result = in_process(config, "evaluate", *folders)

    assert "1 results have no truth and are left out: mo?re" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none", "truth"), "is not a folder"),
        (("out", "none"), "does not exist"),
        (("truth", "out"), "no file in"),
        (("out", "."), "has no .md file"),
        (("out", "truth", "-o", "out"), "is a folder; name a file"),
    ],
)
def test_wrong_usage_is_one_line(
    config: Settings, folders: tuple[str, str], words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "out" / "book.md").rename(tmp_path / "out" / "other.md")
    paths = [word if word == "-o" else str(tmp_path / word) for word in words]

    result = in_process(config, "evaluate", *paths)

    assert (result.status, result.out) == (2, "")
    assert message in result.err.splitlines()[-1]


def test_missing_packages_are_named_with_the_extra(
    config: Settings, folders: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "PACKAGES", ("no_such_package",))

    result = in_process(config, "evaluate", *folders)

    assert (result.status, "pagefleet[evaluate]" in result.err) == (2, True)


def test_a_page_that_takes_too_long_is_not_scored_and_the_next_one_is() -> None:
    cells = "<tr>" + "<td>word</td>" * 450 + "</tr>"
    slow = PagePair("slow", None, f"<table>{cells}</table>", f"<table>{cells}x</table>")
    with helpers() as sandbox:
        first, second = scored_pages([slow, PagePair("next", None, "a", "a")], sandbox, 0.2)

    assert first.error is not None
    assert "longer than 0.2 s" in first.error.message
    assert second.scores.overall == 1.0


def test_the_html_page_has_no_controls_and_no_marks_of_direction(
    config: Settings, tmp_path: Path
) -> None:
    for folder in ("out", "truth"):
        (tmp_path / folder).mkdir()
        for name in (b"a\xe2\x80\xaeb\x1b[2J.md", b"no utf-8 \xff.md"):
            text = f"{folder} \x1b[31m\u202eevil\x9b\n"
            (tmp_path / folder / os.fsdecode(name)).write_text(text)
    page = tmp_path / "worst.html"

    result = in_process(
        config, "evaluate", str(tmp_path / "out"), str(tmp_path / "truth"), "-o", str(page)
    )

    assert (result.status, "Error" in result.err) == (0, False)
    assert "evil" in page.read_text()
    assert not set("\x1b\x9b\u202e") & set(page.read_text())


def test_a_pipe_that_takes_the_place_of_a_file_blocks_nothing(tmp_path: Path) -> None:
    # ``is_file`` may have seen a file there a moment before.
    os.mkfifo(tmp_path / "a.md")

    with pytest.raises(UsageError, match="not a file"):
        read_markdown(tmp_path / "a.md")
