"""Keys of the store: their documented layout, and the refusal of all other names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import object_keys
from shared.domain.errors import UsageError

JOB = "0123456789abcdef-01234567"


def test_the_layout_is_the_documented_one() -> None:
    assert object_keys.open_marker(JOB) == f"open/{JOB}"
    assert object_keys.manifest(JOB) == f"jobs/{JOB}/job.json"
    assert object_keys.source(JOB, "source.pdf") == f"jobs/{JOB}/source.pdf"
    assert object_keys.page(JOB, 1) == f"jobs/{JOB}/pages/000001.json"
    assert object_keys.failed_page(JOB, 1) == f"jobs/{JOB}/pages/000001.failed.json"
    name = object_keys.figure_name(1, 1, "0123456789ab")
    assert object_keys.in_job(JOB, name) == f"jobs/{JOB}/figures/000001-01-0123456789ab.png"
    assert object_keys.document(JOB, "md") == f"jobs/{JOB}/document.md"
    assert object_keys.document(JOB, "json") == f"jobs/{JOB}/document.json"
    assert object_keys.done(JOB) == f"jobs/{JOB}/_DONE"
    assert object_keys.notified(JOB) == f"jobs/{JOB}/_NOTIFIED"


@given(st.integers(min_value=1, max_value=99_999_999), st.booleans())
def test_the_page_and_its_failure_are_parsed_from_a_key(page: int, failed: bool) -> None:
    key = object_keys.failed_page(JOB, page) if failed else object_keys.page(JOB, page)

    assert object_keys.parse_page_key(key) == (page, failed)


@pytest.mark.parametrize(
    "key",
    [
        f"jobs/{JOB}/job.json",
        f"jobs/{JOB}/pages/1.json",
        f"jobs/{JOB}/pages/000000.json",
        f"jobs/{JOB}/pages/000001.json.bak",
        f"jobs/{JOB}/pages/000001.failed.failed.json",
        f"jobs/{JOB}/pages/٠٠٠٠٠١.json",
        f"jobs/{JOB}/pages/000001.json\n",
        "",
    ],
)
def test_other_keys_are_not_page_results(key: str) -> None:
    assert object_keys.parse_page_key(key) is None


@pytest.mark.parametrize("suffix", ["", "-2", "-17", "-999999"])
def test_job_ids_may_be_numbered(suffix: str) -> None:
    assert object_keys.check_job_id(JOB + suffix) == JOB + suffix


HOSTILE_IDS = [
    "",
    "..",
    "../../etc/passwd",
    f"{JOB}/..",
    f"{JOB}/",
    f"{JOB}\n",
    JOB.upper(),
    f"{JOB}-1",
    f"{JOB}-0",
    f"{JOB}-02",
    f"{JOB}-x",
    f"{JOB}-",
    JOB.replace("0", "٠"),
    JOB[1:],
    f"{JOB}\0",
    "jobs",
]


@pytest.mark.parametrize("job_id", HOSTILE_IDS)
def test_a_bad_job_id_never_becomes_a_key(job_id: str) -> None:
    for make in (
        object_keys.job,
        object_keys.open_marker,
        object_keys.manifest,
        object_keys.done,
        object_keys.pages,
    ):
        with pytest.raises(UsageError, match="not a job id"):
            make(job_id)


HOSTILE_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    ".tmp/x",
    "a/.hidden",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\u202eb",
    "\udc80",
    "x" * 201,
    "x/" * 500 + "x",
]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_hostile_keys_are_refused_in_one_line(key: str) -> None:
    with pytest.raises(UsageError) as refused:
        object_keys.in_job(JOB, key)

    assert len(str(refused.value)) < 250
    assert str(refused.value).isprintable()


@given(st.text())
def test_a_key_that_is_accepted_stays_below_its_root(key: str) -> None:
    if object_keys.is_key(key):
        assert not re.search(r"(^|/)\.{0,2}(/|$)", key)


def test_a_source_name_from_a_manifest_cannot_lead_out_of_its_job() -> None:
    for name in ("source./../x", "source.PDF", "source.", "other.exe.pdf", "source.p df"):
        with pytest.raises(UsageError):
            object_keys.source(JOB, name)


def test_figures_and_documents_accept_only_plain_names() -> None:
    with pytest.raises(UsageError):
        object_keys.figure_name(1, 1, "../../x")
    with pytest.raises(UsageError):
        object_keys.document(JOB, "../md")


def test_the_job_id_is_parsed_from_a_key() -> None:
    assert object_keys.job_of(object_keys.page(JOB, 3)) == JOB
    assert object_keys.job_of(object_keys.open_marker(JOB)) == JOB
    assert object_keys.job_of("jobs/foreign.txt") == "foreign.txt"


def test_a_prefix_must_be_the_beginning_of_a_key() -> None:
    assert object_keys.check_prefix("") == ""
    assert object_keys.check_prefix("jobs/") == "jobs/"
    assert object_keys.check_prefix("jobs/01") == "jobs/01"
    for prefix in ("/", "../", "jobs//", "a/../b"):
        with pytest.raises(UsageError):
            object_keys.check_prefix(prefix)
    with pytest.raises(UsageError, match="slash"):
        object_keys.check_folder("jobs")
