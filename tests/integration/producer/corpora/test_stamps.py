"""A document is submitted again where its source or an option changed, and only then."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from producer.corpora.stamps import Stamps, document_key
from producer.intake.input import Input, Overrides
from producer.submission.request import Request
from tests.conftest import SettingsFactory


@pytest.fixture
def source(tmp_path: Path) -> Input:
    (tmp_path / "a.pdf").write_bytes(b"one")
    return Input(str(tmp_path / "a.pdf"), "file")


def test_a_changed_file_has_another_stamp_and_the_same_key(
    settings: SettingsFactory, source: Input
) -> None:
    stamps, key = Stamps(Request(settings())), document_key(source)
    before = stamps.of(source)
    assert stamps.of(source) == before

    source.path.write_bytes(b"longer")

    assert stamps.of(source) != before
    assert document_key(source) == key


def test_a_file_that_was_only_touched_counts_as_changed(
    settings: SettingsFactory, source: Input
) -> None:
    stamps = Stamps(Request(settings()))
    before = stamps.of(source)

    os.utime(source.path, (1, 1))

    assert stamps.of(source) != before


@pytest.mark.parametrize("changes", [
    {"task": "free-ocr"}, {"pages": "1"}, {"labels": {"a": "b"}}, {"priority": "low"},
    {"webhook": "https://example.org/"},
])  # fmt: skip
def test_each_option_is_part_of_the_stamp(
    settings: SettingsFactory, source: Input, changes: dict[str, object]
) -> None:
    request = Request(settings())

    other = replace(request, **changes)  # type: ignore[arg-type]

    assert Stamps(other).of(source) != Stamps(request).of(source)


def test_a_password_and_settings_of_this_machine_are_not(
    settings: SettingsFactory, source: Input
) -> None:
    request = replace(Request(settings(lease_s=90)), password="x", retry_failed=True)

    assert Stamps(request).of(source) == Stamps(Request(settings())).of(source)


def test_lines_with_other_pages_are_other_documents(source: Input) -> None:
    first = replace(source, overrides=Overrides(pages="1"))
    second = replace(source, overrides=Overrides(pages="2"))

    assert document_key(first) != document_key(second)
    assert document_key(replace(first, overrides=Overrides(pages="1", name="b"))) == (
        document_key(first)
    )


def test_what_can_not_be_named_has_no_stamp(settings: SettingsFactory, tmp_path: Path) -> None:
    stamps = Stamps(Request(settings()))

    assert stamps.of(Input("-", "stdin")) is None
    assert stamps.of(Input(str(tmp_path / "none.pdf"), "file")) is None
