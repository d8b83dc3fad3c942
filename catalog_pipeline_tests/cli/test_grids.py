"""Rows of a table on a terminal of any width."""

import io

from rich.console import Console

from catalog_pipeline.cli.grids import print_rows, print_rows_fitted, print_rows_in_brief

ROWS = [
    {"#": n, "name": f"Product {n} of the shop", "url": f"https://shop.example/{n}" * 3, "price": n}
    for n in range(1, 3)
]


def _printed(show, width: int, rows=ROWS) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width), rows)
    return out.getvalue()


def test_columns_that_do_not_fit_follow_below_after_the_first_one():
    text = _printed(print_rows, 40)
    headings = [line.split() for line in text.splitlines() if line.startswith("#")]
    assert headings == [["#", "name"], ["#", "url"], ["#", "price"]] or headings == [
        ["#", "name"],
        ["#", "url"],
    ]
    assert all(name in text for name in ROWS[0])


def test_rows_that_are_fitted_stay_side_by_side_while_ten_letters_of_each_column_are_seen():
    for width in (36, 40, 80, 140):
        lines = _printed(print_rows_fitted, width).splitlines()
        assert lines[0].split() == ["#", "name", "url", "price"]
        assert len(lines) == 3
    assert _printed(print_rows_fitted, 30) == _printed(print_rows, 30)
    assert _printed(print_rows_fitted, 80, []) == ""


def test_a_wide_terminal_shows_all_columns_side_by_side():
    text = _printed(print_rows, 140)
    assert text.splitlines()[0].split() == ["#", "name", "url", "price"]
    assert len(text.splitlines()) == 3


def test_no_line_is_wider_than_the_terminal():
    for width in (20, 40, 80):
        for show in (print_rows, print_rows_fitted):
            assert max(len(line) for line in _printed(show, width).splitlines()) <= width


def test_in_brief_addresses_give_way_and_what_is_left_out_is_named():
    text = _printed(print_rows_in_brief, 45)
    assert text.splitlines()[0].split() == ["#", "name", "price"]
    assert text.splitlines()[-1] == "further columns: url"


def test_what_looks_like_markup_is_shown_as_it_is():
    rows = [{"name": "[bold]Mug[/bold] [red]", "none": None}]
    assert "[bold]Mug[/bold] [red]" in _printed(print_rows, 80, rows)


def test_no_rows_print_nothing():
    assert _printed(print_rows, 80, []) == _printed(print_rows_in_brief, 80, []) == ""
