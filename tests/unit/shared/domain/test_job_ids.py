"""Job ids depend on content and page options and on nothing else."""

import pytest
from pydantic import ValidationError

from shared.domain.job_ids import JobIdentity, next_id
from shared.domain.object_keys import is_job_id
from shared.domain.records.job import Manifest
from shared.domain.records.messages import ReduceMessage
from shared.domain.records.options import PageOptions, RenderOptions
from tests.support.documents.page_options import other_value

SHA = "0123456789abcdef" * 4
BASE = PageOptions(engine="fake", model="fake-1")


def job_id(sha256: str, options: PageOptions) -> str:
    return JobIdentity(sha256, options).job_id


@pytest.mark.parametrize("name", PageOptions.model_fields)
def test_every_page_option_changes_the_job_id_of_the_same_content(name: str) -> None:
    other = job_id(SHA, BASE.model_copy(update={name: other_value(name)}))

    assert other != job_id(SHA, BASE)
    assert other[:32] == SHA[:32]
    assert is_job_id(other)


def test_render_options_and_deployment_settings_are_not_page_options() -> None:
    others = {"priority", "labels", "webhook", "render"}

    assert others <= set(Manifest.model_fields)
    assert not (others | set(RenderOptions.model_fields)) & set(PageOptions.model_fields)


def test_a_job_id_does_not_change_between_releases() -> None:
    identity = JobIdentity(SHA, BASE)

    assert identity.job_id == "0123456789abcdef0123456789abcdef-df6900f486db815c"
    assert identity.legacy_job_id == "0123456789abcdef-df6900f4"


def test_ids_of_both_releases_have_the_form_of_a_job_id() -> None:
    identity = JobIdentity(SHA, BASE)

    assert is_job_id(identity.job_id)
    assert is_job_id(f"{identity.job_id}-2")
    assert is_job_id(identity.legacy_job_id)
    assert is_job_id(f"{identity.legacy_job_id}-12")


@pytest.mark.parametrize("suffix", ["-0", "-1", "-01", "-1234567", "-x", "-2-2", "\n"])
def test_a_suffix_that_no_job_can_have_makes_no_job_id(suffix: str) -> None:
    first = JobIdentity(SHA, BASE).job_id

    assert not is_job_id(first + suffix)
    with pytest.raises(ValidationError):
        ReduceMessage(job_id=first + suffix)


def test_jobs_of_the_same_content_and_options_are_numbered() -> None:
    first = job_id(SHA, BASE)

    assert next_id(first, None) == first
    assert next_id(first, first) == f"{first}-2"
    assert next_id(first, f"{first}-9") == f"{first}-10"
