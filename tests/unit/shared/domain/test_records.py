"""Records are strict, and the shipped JSON Schemas match them."""

import json

import pytest
from pydantic import ValidationError

from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import Block, EngineInfo, PageResult
from shared.domain.tasks import Task
from shared.schemas import FOLDER, RECORDS, path_of, schema_text
from tests.support.documents.merged import manifest

FIELDS = """
schema job_id page status task markdown blocks figures image engine finish_reason
prompt_tokens output_tokens attempts timings_ms error
"""
BLOCK_TYPES = """
title sub_title text table table_caption table_footnote image image_caption equation
header footer page_number list code footnote
"""
JOB = "0123456789abcdef-01234567"
RESULT = PageResult(
    job_id=JOB,
    page=7,
    status="ok",
    task=Task.MARKDOWN,
    engine=EngineInfo(name="fake", model="fake-1", version="1"),
)


@pytest.mark.parametrize("name", RECORDS)
def test_the_shipped_schema_is_that_of_the_record(name: str) -> None:
    assert path_of(name).read_text("utf-8") == schema_text(RECORDS[name])


def test_every_shipped_schema_has_a_record() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDS)


def test_a_page_result_has_the_fields_of_the_contract() -> None:
    plain = json.loads(to_json(RESULT))

    contract = FIELDS.split()
    assert [name for name in plain if name in contract] == contract
    assert plain["schema"] == 1
    assert list(plain["timings_ms"]) == ["fetch", "render", "prepare", "engine", "parse", "store"]
    assert list(plain["image"]) == ["width", "height", "rotation"]
    assert PageResult.model_validate_json(to_json(RESULT)) == RESULT


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 2},
        {"page": 0},
        {"status": "fine"},
        {"job_id": "../../etc"},
        {"surprise": 1},
        {"blocks": [{"type": "text", "bbox": [0, 0, 1000, 9]}]},
        {"blocks": [{"type": "poem", "bbox": [0, 0, 9, 9]}]},
    ],
)
def test_values_that_violate_the_schema_are_refused(changed: dict[str, object]) -> None:
    plain = {**json.loads(to_json(RESULT)), **changed}

    with pytest.raises(ValidationError):
        PageResult.model_validate_json(json.dumps(plain))


def test_block_types_are_those_of_the_contract() -> None:
    named = BLOCK_TYPES.split()

    for name in named:
        assert Block.model_validate({"type": name, "bbox": (0, 0, 999, 999)}).type == name


def test_records_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RESULT.page = 8  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt_tokens", "-1"),
        ("output_tokens", str(10**400)),
        ("attempts", str(2**63)),
        ("worker_s", "1e999"),
        ("timings_ms", '{"engine": 1e999}'),
        ("timings_ms", '{"engine": NaN}'),
        ("image", f'{{"height": {10**40}}}'),
        ("page", "999999999"),
        ("blocks", '[{"type": "text", "bbox": [0, 0, 1, 1], "confidence": NaN}]'),
    ],
)
def test_a_number_that_no_reader_can_use_is_refused(field: str, value: str) -> None:
    plain = json.loads(to_json(RESULT))
    del plain[field]
    forged = f'{{"{field}": {value}, {json.dumps(plain)[1:]}'

    with pytest.raises(ValidationError, match=field):
        PageResult.model_validate_json(forged)


@pytest.mark.parametrize("created", ["NaN", "1e300", "-1e12", "253402300800"])
def test_a_time_that_is_no_date_is_refused(created: str) -> None:
    plain = json.loads(to_json(manifest(1)))
    del plain["created"]

    with pytest.raises(ValidationError, match="created"):
        Manifest.model_validate_json(f'{{"created": {created}, {json.dumps(plain)[1:]}')


@pytest.mark.parametrize("digest", ["", "zz", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a_manifest_without_a_digest_is_refused(digest: str) -> None:
    forged = json.dumps({**json.loads(to_json(manifest(1))), "sha256": digest})

    with pytest.raises(ValidationError, match="sha256"):
        Manifest.model_validate_json(forged)
