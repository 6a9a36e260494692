"""Page lists as text and as ranges."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import PageRangeError, UsageError
from shared.domain.page_ranges import (
    check_ranges,
    count,
    expand,
    format_ranges,
    from_numbers,
    parse_page_set,
    parse_ranges,
    without,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("7", "7"),
        ("1-3,7", "1-3,7"),
        (" 7 , 1-3 ", "1-3,7"),
        ("3,2,1", "1-3"),
        ("1-4,2-9", "1-9"),
        ("8-", "8-10"),
        ("-2", "1-2"),
        ("10-10", "10"),
        ("1-10", "1-10"),
    ],
)
def test_ranges_have_one_canonical_form(text: str, canonical: str) -> None:
    assert format_ranges(parse_ranges(text, 10)) == canonical


@pytest.mark.parametrize("text", ["0", "11", "9-11", "0-3", "11-"])
def test_the_error_names_pages_outside_the_document(text: str) -> None:
    with pytest.raises(PageRangeError, match="outside the document"):
        parse_ranges(text, 10)


@pytest.mark.parametrize("text", ["", "x", "1,,2", "-", "3-1", "1-2-3", "1.5", "1 2", "٣", "-1-2"])
def test_bad_syntax_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="bad page range"):
        parse_ranges(text, 10)
    with pytest.raises(UsageError, match="bad page range"):
        check_ranges(text)


@pytest.mark.parametrize("text", ["5-", "9-12", "1000000", "0"])
def test_a_possible_range_passes_the_check_without_a_document(text: str) -> None:
    check_ranges(text)


@given(st.sets(st.integers(1, 400)))
def test_numbers_are_the_same_after_formatting_and_parsing(numbers: set[int]) -> None:
    ranges = from_numbers(numbers)

    assert list(expand(ranges)) == sorted(numbers)
    assert count(ranges) == len(numbers)
    if numbers:
        assert parse_ranges(format_ranges(ranges), 400) == ranges


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_ranges_without_numbers_have_exactly_the_others(pages: set[int], numbers: set[int]) -> None:
    assert without(from_numbers(pages), numbers) == from_numbers(pages - numbers)


def test_a_record_that_claims_many_pages_costs_no_time_for_each() -> None:
    started = time.thread_time()

    assert without([(1, 10**9)], {5}) == ((1, 4), (6, 10**9))

    assert time.thread_time() - started < 1


def test_settings_accept_pages_as_text_or_list() -> None:
    assert parse_page_set("3,5-7") == frozenset({3, 5, 6, 7})
    assert parse_page_set("[3, 5]") == [3, 5]
    assert parse_page_set("") == frozenset()
    with pytest.raises(ValueError, match="bad page range"):
        parse_page_set("three")
