"""The prose check finds a refused idiom wherever a reader would meet it."""

import pytest

from tests.support.project.prose import IDIOMS, find_idioms, read_idioms

LIST = read_idioms("# a comment\n\nwhoever  name it\nlets? go( of)?  releases\n")


@pytest.mark.parametrize(
    "text",
    [
        '"""Whoever calls this must close it."""',
        "# whoever comes first",
        'raise ValueError("lets go of it")',
        "def test_whoever_comes_first() -> None: ...",
        '"""The worker lets\n    go of its page."""',
        "# the worker lets\n# go of its page",
        'text = "the worker lets "\n    "go of its page"',
        "-- lets\n-- go of the lease",
        "> a quotation that lets\n> go",
    ],
)
def test_an_idiom_is_found_in_prose_comments_strings_and_names(text: str) -> None:
    assert len(list(find_idioms(text, LIST))) == 1


@pytest.mark.parametrize("text", ["howsoever", "outlets going", "letsgo", "the lease is released"])
def test_parts_of_other_words_are_not_found(text: str) -> None:
    assert list(find_idioms(text, LIST)) == []


def test_a_finding_names_the_line_the_phrase_and_what_to_write_instead() -> None:
    (finding,) = find_idioms("one\ntwo lets\ngo\n", LIST)

    assert (finding.line, finding.phrase, finding.instead) == (2, "lets go", "releases")


def test_a_line_with_the_mark_may_keep_its_words() -> None:
    assert list(find_idioms('NAME = "whoever"  # prose: allow', LIST)) == []


def test_every_entry_of_the_list_has_advice() -> None:
    idioms = read_idioms(IDIOMS.read_text())

    assert len(idioms) > 20
    assert all(idiom.instead for idiom in idioms)
