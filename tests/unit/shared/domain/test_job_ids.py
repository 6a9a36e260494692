"""What is in a job's id and what is not."""

import pytest

from shared.domain.job_ids import job_id, next_id
from shared.domain.object_keys import is_job_id
from shared.domain.records import Manifest, PageOptions, RenderOptions
from shared.domain.tasks import Task

SHA = "0123456789abcdef" * 4
BASE = PageOptions(engine="fake", model="fake-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"task": Task.OCR},
        {"prompt": "x"},
        {"query": "x"},
        {"pages": "1-3"},
        {"engine": "cpu"},
        {"model": "fake-2"},
        {"resolution": "tiny"},
        {"crop_mode": "none"},
        {"max_tiles": 4},
        {"dpi": 144},
        {"exact": True},
        {"text_layer": "never"},
    ],
)
def test_every_page_option_makes_another_job_of_the_same_content(
    changed: dict[str, object],
) -> None:
    other = job_id(SHA, BASE.model_copy(update=changed))

    assert other != job_id(SHA, BASE)
    assert other[:16] == SHA[:16]
    assert is_job_id(other)


def test_all_page_options_are_tried_above() -> None:
    tried = test_every_page_option_makes_another_job_of_the_same_content.pytestmark[0].args[1]  # type: ignore[attr-defined]

    assert {name for changed in tried for name in changed} == set(PageOptions.model_fields)


def test_render_options_and_deployment_are_no_page_options() -> None:
    beside = {"priority", "labels", "webhook", "render"}

    assert beside <= set(Manifest.model_fields)
    assert not (beside | set(RenderOptions.model_fields)) & set(PageOptions.model_fields)


def test_an_id_stays_the_same_from_release_to_release() -> None:
    assert job_id(SHA, BASE) == "0123456789abcdef-df6900f4"


def test_jobs_of_the_same_content_and_options_are_numbered() -> None:
    first = job_id(SHA, BASE)

    assert next_id(first, None) == first
    assert next_id(first, first) == f"{first}-2"
    assert next_id(first, f"{first}-9") == f"{first}-10"
