"""No outputs of two dropped objects share a file, and none needs a folder where a file is."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.watching.output_names import output_name, status_name
from shared.domain.formats.output_formats import file_names

PARTS = st.lists(
    st.sampled_from(
        ["a", "x.pdf", "b.PDF", ".md", ".json", ".status", ".MD", ".Json", "_", "\n", ".", "é",
         "pagefleet.toml", "figures",
         "\x1b[2J", "\u202e", "_~" + 32 * "0", "000001-01-abababab.png"]
    ),
    min_size=1,
    max_size=4,
).map("".join)  # fmt: skip
KEYS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


def files(key: str) -> set[str]:
    """The files of a document, as a case-insensitive file system sees them."""
    name = output_name(key)
    figure = f"{name}/figures/000001-01-abababab.png"
    return {each.casefold() for each in (*file_names(name), status_name(key), figure)}


def folders(key: str) -> set[str]:
    """All folders above these files."""
    parts = [file.split("/") for file in files(key)]
    return {"/".join(each[:depth]) for each in parts for depth in range(1, len(each))}


def check(keys: set[str]) -> None:
    distinct = {key.casefold(): key for key in keys}
    for one, other in combinations(distinct.values(), 2):
        assert not files(one) & files(other), (one, other)
        assert not files(one) & folders(other), (one, other)
        assert not folders(one) & files(other), (one, other)


@given(st.sets(KEYS, max_size=12))
def test_outputs_of_random_keys_never_collide(keys: set[str]) -> None:
    check(keys)


@pytest.mark.parametrize("sign", ["\x1b", "\n", "\x7f", "\x9b", "\u202e", "\u2066", "\u2028"])
def test_no_sign_that_a_terminal_obeys_is_in_a_name(sign: str) -> None:
    name = output_name(f"a{sign}b/x{sign}.pdf")

    assert sign not in name
    assert name.startswith("a_b~")
    assert "/x_.pdf~" in name
    assert len(output_name(sign * 255)) < 220
    check({f"a{sign}b.pdf", output_name(f"a{sign}b.pdf"), f"{output_name(f'a{sign}b.pdf')}_"})


def test_outputs_of_chosen_pairs_never_collide() -> None:
    check(
        {
            "report.pdf",
            "report.pdf.status",
            "report.pdf.status_",
            "report.pdf.md",
            "report.pdf.md_",
            "report.pdf.md/x.pdf",
            "report.pdf.json/y.pdf",
            "report.pdf/z.pdf",
            "report.pdf.status.json/x",
            "report.pdf/figures/x.pdf",
            "pagefleet.toml.status",
        }
    )


@pytest.mark.parametrize("key", ["x.pdf", "a/x.pdf", "x", "a.b/x.tiff", "status", "md/json"])
def test_ordinary_names_stay_as_they_are(key: str) -> None:
    assert output_name(key) == key
    assert status_name(key) == f"{key}.status.json"
