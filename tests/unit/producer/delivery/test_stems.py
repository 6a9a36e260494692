"""Names of output files are distinct and stay inside their folder."""

import pytest

from producer.delivery.stems import Stems, safe_stem


def test_no_two_documents_share_a_file_of_the_output_folder() -> None:
    stems = Stems()
    names = ["a.pdf", "A.png", "a-2.pdf", "a.md.pdf", "b.json.pdf", "b.pdf", "b"]

    taken = [stems.take(name) for name in names]

    files = [f"{stem}{suffix}".casefold() for stem in taken for suffix in ("", ".md", ".json")]
    assert taken[:3] == ["a", "A-2", "a-2-2"]
    assert len(set(files)) == len(files)


def test_two_forms_of_one_accent_get_two_names() -> None:
    # Some file systems take both for the same name.
    stems = Stems()

    assert [stems.take(name) for name in ("caf\xe9.pdf", "cafe\u0301.pdf")] == [
        "caf\xe9",
        "cafe\u0301-2",
    ]


@pytest.mark.parametrize(
    "name", ["..", ".", "...pdf", "../../etc/passwd", "a/b\\c.pdf", "\x00", "", "x" * 400 + ".pdf"]
)
def test_a_stem_stays_inside_its_folder(name: str) -> None:
    stem = safe_stem(name)

    assert stem
    assert not {"/", "\\", "\x00"} & set(stem)
    assert stem.strip(".")
    assert len(stem.encode()) <= 180


def test_a_stem_has_no_controls_and_no_marks_of_direction() -> None:
    assert Stems().take("a\x9b\u202efdp\u2066.pdf") == "a__fdp_"


def test_a_stem_is_one_line() -> None:
    assert Stems().take("a\u2028b\u2029c\x85d\n.pdf") == "a_b_c_d_"


def test_a_name_that_is_no_valid_unicode_gets_a_stem() -> None:
    assert Stems().take("a\udcff.pdf") == "a_"
