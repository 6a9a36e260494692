"""Units that go to a temporary file come back as they were, again and again."""

from shared.document import spool
from shared.document.structure.units import Place, Unit, packed, unpacked
from tests.support.documents.long_document import long_manifest

BOX = (0, 5, 999, 999)


def test_units_in_a_file_come_back_equal_and_in_order() -> None:
    units = [
        Unit("text", f"text {n} \ud800 \u6587", n, (Place(n, BOX), Place(n + 1)), "", 1, "-", True)
        for n in range(3 * spool.BATCH + 1)
    ]

    made = spool.Spool(units, most_kept=10, pack=packed, unpack=unpacked)

    assert len(made) == len(units)
    assert list(made) == units
    first, second = iter(made), iter(made)
    assert [next(first), next(second), next(first)] == [units[0], units[0], units[1]]
    assert isinstance(next(first).places[0], Place)


def test_other_items_in_a_file_come_back_equal() -> None:
    manifest = long_manifest(2)

    assert list(spool.Spool([manifest] * 20, most_kept=3)) == [manifest] * 20
