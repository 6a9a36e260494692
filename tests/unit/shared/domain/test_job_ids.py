"""Job ids depend on content and page options and on nothing else."""

import pytest

from shared.domain.job_ids import job_id, next_id
from shared.domain.object_keys import is_job_id
from shared.domain.records import Manifest, PageOptions, RenderOptions
from tests.support.documents.page_options import other_value

SHA = "0123456789abcdef" * 4
BASE = PageOptions(engine="fake", model="fake-1")


@pytest.mark.parametrize("name", PageOptions.model_fields)
def test_every_page_option_changes_the_job_id_of_the_same_content(name: str) -> None:
    other = job_id(SHA, BASE.model_copy(update={name: other_value(name)}))

    assert other != job_id(SHA, BASE)
    assert other[:16] == SHA[:16]
    assert is_job_id(other)


def test_render_options_and_deployment_settings_are_not_page_options() -> None:
    others = {"priority", "labels", "webhook", "render"}

    assert others <= set(Manifest.model_fields)
    assert not (others | set(RenderOptions.model_fields)) & set(PageOptions.model_fields)


def test_a_job_id_does_not_change_between_releases() -> None:
    assert job_id(SHA, BASE) == "0123456789abcdef-df6900f4"


def test_jobs_of_the_same_content_and_options_are_numbered() -> None:
    first = job_id(SHA, BASE)

    assert next_id(first, None) == first
    assert next_id(first, first) == f"{first}-2"
    assert next_id(first, f"{first}-9") == f"{first}-10"
