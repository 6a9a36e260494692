"""A collection on a real fleet: submitted, followed, retried, reported and exported."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import Fleet, in_process, pdf, wait_until


def status(fleet: Fleet, name: str, *words: str) -> dict[str, Any]:
    (line,) = fleet("status", "--collection", name, "--json", *words).lines
    return line


def submitted(fleet: Fleet, folder: Path, name: str) -> Path:
    """A collection of three documents, of which one has a page that fails, and a bad line."""
    paths = [pdf(folder / f"{pages}.pdf", pages, title=name) for pages in (1, 2, 3)]
    listed = folder / "corpus.jsonl"
    lines = [json.dumps({"uri": str(path), "name": f"no {path.stem}"}) for path in paths]
    listed.write_text("\n".join([*lines, "{"]))
    assert fleet("submit", "--manifest", str(listed), "--collection", name).status == 4
    return listed


def test_a_collection_is_followed_reported_and_exported(fake_fleet: Fleet, tmp_path: Path) -> None:
    listed = submitted(fake_fleet, tmp_path, "lab")

    wait_until(lambda: status(fake_fleet, "lab")["documents"]["waiting"] == 0)

    facts = status(fake_fleet, "lab")
    kinds = {"ok": 2, "partial": 1, "failed": 0, "cancelled": 0, "waiting": 0, "refused": 1}
    assert facts["documents"] == {"total": 4, **kinds}
    assert (facts["pages"], facts["done"]) == (6, 6)
    assert facts["counts"] == {"ok": 5, "blank": 0, "failed": 1}
    line = fake_fleet("status", "--collection", "lab").out
    assert "lab  4 documents (2 ok, 1 partial, 1 refused)  6/6 pages (5 ok, 0 blank" in line
    recounted = status(fake_fleet, "lab", "--recount")
    assert recounted == {**facts, "pages_per_s": recounted["pages_per_s"]}
    assert "lab" in fake_fleet("list", "--collections").out.splitlines()
    failed = fake_fleet("failures", "--collection", "lab", "--json").lines
    assert [(each["document"], each["page"], each["code"]) for each in failed] == [
        (str(tmp_path / "3.pdf"), 3, "engine_failed"),
        (f"{listed}:4", None, "bad_line"),
    ]

    result = fake_fleet("export", "lab", "--to", str(tmp_path / "out"), "--json")

    assert result.status == 3
    assert (result.lines[0]["rows"], result.lines[0]["failed"]) == (3, 1)
    rows = (tmp_path / "out" / "part-00000.jsonl").read_text().splitlines()
    names = [json.loads(row)["metadata"]["Source-File"] for row in rows]
    assert names == ["no 1", "no 2", "no 3"]


def test_a_collection_is_retried_and_cancelled_as_a_whole(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    submitted(fake_fleet, tmp_path, "again")
    wait_until(lambda: status(fake_fleet, "again")["documents"]["waiting"] == 0)

    retried = fake_fleet("retry", "--collection", "again", "--json").lines

    assert [line["retried"] for line in retried] == [1]
    wait_until(lambda: status(fake_fleet, "again")["documents"]["waiting"] == 0)
    path = pdf(tmp_path / "late.pdf", 1)
    words = ("submit", str(path), "--collection", "again", "--engine", "openai")
    assert fake_fleet(*words).status == 0
    assert fake_fleet("export", "again", "--to", str(tmp_path / "out")).status == 2
    cancelled = fake_fleet("cancel", "--collection", "again", "--json").lines
    assert [line["status"] for line in cancelled] == ["cancelled"]
    assert status(fake_fleet, "again")["documents"]["cancelled"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("status", "--collection", "none"), "there is no collection none"),
        (("status", "--collection", "a/b"), "is not the name of a collection"),
        (("status", "--recount"), "--recount needs --collection"),
        (("export", "none", "--to", "out"), "there is no collection none"),
        (("export", "none", "--to", "ftp://x/y"), "ftp"),
        (("retry",), "name jobs, or a collection"),
        (("submit", "a.pdf", "--collection", "a", "--wait"), "--wait follows each job"),
    ],
)
def test_wrong_usage_is_one_line(
    settings: SettingsFactory, words: tuple[str, ...], message: str
) -> None:
    result = in_process(settings(), *words)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert len(result.err.splitlines()) == 1
