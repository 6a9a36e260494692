"""Terms stay with their meanings; columns of text stay columns."""

from tests.support.engines.cpu_lines import column, letters, line, markdown, page

KEYS = ["C-k", "C-y", "M-d", "M-DEL"]
MEANINGS = ["kill to the end", "yank the killed text", "kill the word", "kill the word behind"]


def table(*rows: tuple[str, str]) -> str:
    cells = "".join(f"<tr><td>{term}</td><td>{meaning}</td></tr>" for term, meaning in rows)
    return f"<table>{cells}</table>"


def test_keys_stay_with_their_meanings() -> None:
    content = page(("text", [*column(KEYS), *column(MEANINGS, left=160)]))

    assert markdown(content) == table(*zip(KEYS, MEANINGS, strict=True))


def test_keys_in_a_region_of_their_own_stay_with_their_meanings() -> None:
    content = page(("text", column(KEYS)), ("text", column(MEANINGS, left=160)))

    assert markdown(content) == table(*zip(KEYS, MEANINGS, strict=True))


def test_further_lines_of_a_meaning_stay_with_it() -> None:
    terms = [line("quit", monospaced=True), line("stop", top=125, monospaced=True)]
    meanings = ["leave the program and", "write the history", "end the current command"]
    content = page(("list-item", [*terms, *column(meanings, left=160)]))

    assert markdown(content) == table(
        ("quit", "leave the program and write the history"), ("stop", "end the current command")
    )


def test_a_term_close_to_its_meaning_is_cut_from_it() -> None:
    rows = [
        *[letters(key, top=100 + 12.5 * n) for n, key in enumerate(KEYS)],
        *[letters(text, 160, 100 + 12.5 * n) for n, text in enumerate(MEANINGS)],
        letters("permute (arr, p) permute the dimensions", 75, 150),
    ]

    assert "<td>permute (arr, p)</td><td>permute the dimensions</td>" in markdown(
        page(("text", rows))
    )


def test_prices_stay_with_their_dishes() -> None:
    dishes, prices = ["Onion soup", "Trout", "Apple cake"], ["6.50", "18.00", "4.20"]
    right = [line(price, 300 - 5 * len(price), 100 + 12.5 * n) for n, price in enumerate(prices)]

    assert markdown(page(("text", [*column(dishes), *right]))) == table(
        *zip(dishes, prices, strict=True)
    )


def test_text_above_terms_stays_above_them() -> None:
    prose = column(["These keys move the cursor through the whole line of text."])
    keys = [*column(KEYS, top=112.5), *column(MEANINGS, left=160, top=112.5)]

    assert markdown(page(("text", [*prose, *keys]))) == (
        f"{prose[0].text}\n\n{table(*zip(KEYS, MEANINGS, strict=True))}"
    )


def test_two_columns_of_text_on_one_grid_stay_columns() -> None:
    left = column([f"{word} the left column goes on" for word in ("here", "then", "also", "now")])
    right = column([f"{word} the right one ends" for word in ("where", "when", "so", "but")], 260)

    text = markdown(page(("text", [*left, *right])))

    assert "<table>" not in text
    assert text.index("now the left") < text.index("where the right")


def test_a_listing_beside_a_column_of_text_is_no_list_of_terms() -> None:
    code = column(["begin", "skip$", "if$", "while$", "pop$", "end"], monospaced=True)
    prose = column(
        ["The style of the book sorts all of", "its entries by the name of the"] * 3, 300
    )

    assert "<table>" not in markdown(page(("text", [*code, *prose])))


def test_two_addresses_side_by_side_stay_apart() -> None:
    sender = column(["Alder Boats Ltd", "12 Mill Road", "Upper Hamlet"])
    receiver = column(["Heron Club", "4 Quay Street", "Lower Town"], left=300)

    text = markdown(page(("text", [*sender, *receiver])))

    assert text.index("Upper Hamlet") < text.index("Heron Club")


def test_two_columns_of_list_items_stay_columns() -> None:
    left = column(["• oats", "• rye", "• barley"])
    right = column(["• red beans of the south", "• white peas", "• green lentils"], left=300)

    text = markdown(page(("list-item", [*left, *right])))

    assert text.index("barley") < text.index("red beans")


def test_lists_of_terms_in_two_columns_of_the_page_stay_apart() -> None:
    left = [*column(KEYS), *column(MEANINGS, left=120)]
    right = [*column(["TAB", "RET", "ESC"], left=320), *column(["complete a command"] * 3, 380)]

    text = markdown(page(("text", left), ("text", right)))

    assert text.count("<table>") == 2
    assert text.index("kill the word behind") < text.index("TAB")


def test_numbers_of_clauses_are_no_terms() -> None:
    numbers, clauses = ["1.3.2", "1.3.3", "1.3.4"], [f"{text} of this page" for text in MEANINGS]
    content = page(("list-item", [*column(numbers), *column(clauses[:3], left=160)]))

    expected = (f"- {n} {text}" for n, text in zip(numbers, clauses, strict=False))
    assert markdown(content) == "\n".join(expected)
