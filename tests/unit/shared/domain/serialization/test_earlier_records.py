"""Records of the first release stay readable, and it can read what is written now."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from shared.domain.job_ids import JobIdentity
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.records.messages import PageMessage, ReduceMessage
from shared.domain.records.options import PageOptions
from shared.domain.serialization.compatibility import FIRST_LEVEL, LEVEL
from shared.domain.serialization.newer_records import is_newer
from shared.schemas import RECORDS
from tests.support.paths import ROOT

#: Written by the code of version 0.1.0: records, and the schemas by which it reads them.
RELEASE = ROOT / "tests" / "support" / "releases" / "v0_1"
WRITTEN: dict[str, list[dict[str, Any]]] = json.loads((RELEASE / "records.json").read_text())
SAMPLES = [(name, sample) for name, samples in WRITTEN.items() for sample in samples]
SHA = "0123456789abcdef" * 4


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one record of the first release."""
    plain: dict[str, Any] = json.loads(Path(RELEASE / "schemas" / f"{name}.json").read_text())
    return plain


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_a_record_of_the_first_release_keeps_all_of_its_values(
    name: str, sample: dict[str, Any]
) -> None:
    record = RECORDS[name].model_validate_json(json.dumps(sample))

    assert json.loads(to_json(record)) == sample


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_what_is_written_now_has_the_schema_of_the_first_release(
    name: str, sample: dict[str, Any]
) -> None:
    # Its readers refuse every field that they do not know, also one that is null.
    written = json.loads(to_json(RECORDS[name].model_validate_json(json.dumps(sample))))

    jsonschema.validate(written, schema(name))
    jsonschema.validate(sample, schema(name))


def test_a_new_job_has_an_id_that_the_lowest_level_of_the_fleet_can_read() -> None:
    identity = JobIdentity(SHA, PageOptions(engine="cpu", model="rapid"))

    old, new = identity.first_id(FIRST_LEVEL), identity.first_id(LEVEL)

    assert (len(old), len(new)) == (25, 49)
    for name, made in {
        "page-message": PageMessage(job_id=old, page=1, seq=1, queue="pages.cpu.normal"),
        "reduce-message": ReduceMessage(job_id=old),
    }.items():
        jsonschema.validate(json.loads(to_json(made)), schema(name))


@pytest.mark.parametrize(
    ("change", "newer"),
    [
        ({"schema": 2, "source": "another shape"}, True),
        ({"added_later": 7}, True),
        ({"options": {"engine": "cpu", "model": "m", "added_later": None}}, True),
        ({"page_count": 0}, False),
        ({"page_count": 0, "added_later": 7}, False),
        ({"schema": "2"}, False),
    ],
)
def test_a_record_of_a_newer_release_is_told_from_a_damaged_one(
    change: dict[str, Any], newer: bool
) -> None:
    data = json.dumps(WRITTEN["manifest"][0] | change)

    with pytest.raises(ValidationError) as caught:
        Manifest.model_validate_json(data)
    assert is_newer(data, caught.value) is newer


@pytest.mark.parametrize("data", [b"{", b"[1]", b"7", b"\xff", b"{}"])
def test_a_damaged_record_is_not_newer(data: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        Manifest.model_validate_json(data)
    assert not is_newer(data, caught.value)


def test_options_that_the_first_release_does_not_have_are_left_out_where_they_are_unset() -> None:
    known = set(schema("manifest")["$defs"]["PageOptions"]["properties"])
    written = PageOptions(engine="cpu", model="rapid").model_dump(mode="json")

    assert set(written) <= known
