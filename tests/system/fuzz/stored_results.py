"""Fuzzer of what a store returns: its records are valid, or refused in words."""

import json
import random

from pydantic import ValidationError

from shared.document.assembly import assemble
from shared.domain.errors import PagefleetError
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult
from shared.jobs.job_marker import JobMarker
from tests.support.documents.merged import figures, manifest
from tests.support.fleets.stored_jobs import page_result
from tests.system.fuzz.fuzzing import fuzzer
from tests.system.fuzz.values import cut, damaged, with_nested

_JOB = manifest(1)
_BLOCK = {"type": "text", "bbox": (0, 0, 9, 9), "text": "a"}
_RESULT = page_result(_JOB, 1, markdown="![](figure:1)", figures=figures(1, 1), blocks=[_BLOCK])


def _objects(source: random.Random) -> tuple[bytes, bytes]:
    """A manifest and the result of its page, one or both damaged."""
    good = (to_json(_JOB), to_json(_RESULT))
    first, second = (_damaged(source, data) if source.random() < 0.7 else data for data in good)
    return first, second


def _damaged(source: random.Random, data: bytes) -> bytes:
    changed = json.dumps(damaged(source, json.loads(data))).encode()
    if source.random() < 0.05:
        return with_nested(source, changed)
    return cut(source, changed) if source.random() < 0.2 else changed


def _faults(case: tuple[bytes, bytes]) -> list[str]:
    if any(JobMarker(data).is_purge for data in case):
        return ["taken for the marker of a purge"]
    try:
        job = Manifest.model_validate_json(case[0])
        result = PageResult.model_validate_json(case[1])
        if job.page_count > 1000:
            return []
        document = assemble(job, [result], RenderOptions())
    except (PagefleetError, ValidationError):
        return []
    return [] if set(document.files) == {"md", "json"} else ["a file is missing"]


fuzz = fuzzer(_objects, _faults)
