"""The error tree: ledger codes, exit codes and their severity."""

from itertools import pairwise

import pytest

from shared.domain import errors
from shared.domain.errors import (
    DocumentError,
    ExitCode,
    PageError,
    PagefleetError,
    TransientError,
    UsageError,
    worst,
)

_CODES = """
not_a_document empty corrupt encrypted wrong_password unsupported too_large too_many_pages
page_range render_failed render_timeout render_memory engine_failed unreadable repetition
truncated quarantined cancelled store_unreachable broker_unreachable internal bad_line
"""
CODES = _CODES.split()


def tree(root: type[PagefleetError]) -> set[type[PagefleetError]]:
    return {root}.union(*(tree(child) for child in root.__subclasses__()))


def test_every_code_of_the_contract_has_an_error() -> None:
    assert {error.code for error in tree(PagefleetError)} >= set(CODES)


def test_document_and_transient_errors_have_codes_of_the_contract() -> None:
    for error in tree(DocumentError) | tree(TransientError):
        assert error.code in CODES, error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PagefleetError, 1),
        (UsageError, 2),
        (errors.JobFailed, 3),
        (errors.CorruptDocument, 4),
        (PageError, 4),
        (errors.StoreUnreachable, 5),
        (errors.BrokerUnreachable, 5),
        (errors.WaitTimedOut, 6),
    ],
)
def test_every_class_has_an_exit_code(error: type[PagefleetError], status: int) -> None:
    assert error.exit_code == status


def test_the_order_of_severity_is_internal_unreachable_refused_failed() -> None:
    order = [ExitCode(number) for number in (1, 5, 4, 3, 0)]

    for worse, milder in pairwise(order):
        assert worst([milder, worse, ExitCode.OK]) == worse
    assert worst([]) == ExitCode.OK


def test_a_message_is_one_line() -> None:
    assert PagefleetError("first\n  second\t third").message == "first second third"
