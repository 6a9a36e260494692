"""Hostile lines of a manifest file."""

import json
from pathlib import Path

import pytest

from producer.intake.manifest_file import MAX_MESSAGE, read_manifest
from producer.submission.request import Request
from shared.config.settings import Settings
from shared.domain.collections.names import LABEL


def test_a_line_puts_its_document_into_no_collection(tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_text(json.dumps({"uri": "a.pdf", "labels": {LABEL: "other", "team": "x"}}))
    (line,) = read_manifest(file)

    plain = Request(Settings()).for_input(line)
    collected = Request(Settings(), labels={LABEL: "own"}).for_input(line)

    assert plain.labels == {"team": "x"}
    assert collected.labels == {"team": "x", LABEL: "own"}


def test_no_line_makes_a_long_message(tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    lines = [
        {"uri": "a.pdf", "\x1b[31m" * 50_000: 1},
        {"uri": "a.pdf", "task": "x" * 500_000},
        {"uri": "a.pdf", "pages": "9" * 500_000},
        {"uri": "s3://" + "b" * 500_000 + "/"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))

    checked = list(Request(Settings(engine="fake")).checked(read_manifest(file)))

    assert len(checked) == 4
    for line in checked:
        assert line.problem is not None
        assert line.problem.code == "bad_line"
        assert len(line.problem.message) < MAX_MESSAGE + 200


@pytest.mark.parametrize(
    "long", [{"uri": "x" * 4097}, {"uri": "a.pdf", "name": "x" * 1025}], ids=str
)
def test_a_line_with_an_address_or_name_that_nothing_has_is_refused(
    tmp_path: Path, long: dict[str, str]
) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps(long))

    (refused,) = read_manifest(path)

    assert refused.problem is not None
    assert len(refused.problem.message) < 200
    assert len(refused.word) < 200
