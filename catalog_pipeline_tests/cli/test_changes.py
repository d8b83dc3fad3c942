"""`changes`: which of them are chosen, and how they are printed for people, programs and sheets."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timezone
from typing import Any

import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.hostile_texts import FORBIDDEN_ON_TERMINALS, HOSTILE
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days

TODAY = (datetime.now(timezone.utc) - shop.START).days - 1


@pytest.fixture
def days(site: Site) -> Days:
    """The catalogue `shop` with products a to d, built forty days ago."""
    described = site.write(
        fields=shop.FIELDS,
        key="sku",
        product=".product",
        history=True,
    )
    days = Days(site.places.folder, described)
    days.day(TODAY - 40, shop.rows("abcd", price=["10", "20", "-30", "40"]))
    return days


def _changes(run: Run, *options: str) -> list[tuple[Any, ...]]:
    answer = run("changes", NAME, "--json", *options)
    assert answer.code == 0, answer.err
    return [(each["key"]["sku"], each["change"], each["column"]) for each in answer.json]


def test_those_since_an_age_of_columns_and_kinds_and_above_a_share(days: Days, run: Run) -> None:
    days.day(TODAY - 20, shop.rows("abcd", price=["10", "20", "-30", "41"]))
    days.day(TODAY - 2, shop.rows("abcd", price=["9.50", "20", "-30", "41"], stock=[4, 3, 3, 3]))
    days.day(TODAY - 1, shop.rows("abcde", price=["9.50", "20.50", "-30", "41", "1"]))
    week: list[tuple[Any, ...]] = [("a", "changed", "price"), ("a", "changed", "stock")]
    week += [("a", "changed", "stock"), ("b", "changed", "price"), ("e", "new", None)]
    assert _changes(run) == week
    assert _changes(run, "--since", "30d") == [("d", "changed", "price"), *week]
    assert _changes(run, "--since", "3d") == week[2:]
    assert _changes(run, "--what", "price") == [week[0], week[3]]
    assert _changes(run, "--what", "new,stock") == [week[1], week[2], week[4]]
    assert _changes(run, "--what", "price", "--min", "5%") == [week[0]]
    assert _changes(run, "--min", "5.01%", "--what", "price") == []
    assert _changes(run, "--min", "0%", "--what", "new") == []


def test_json_has_every_digit(days: Days, run: Run) -> None:
    days.day(TODAY, shop.rows("abcd", price=["10.000000000000000001", "20", "-30", "40"]))
    (change,) = run("changes", NAME, "--json").json
    assert change["key"] == {"sku": "a"}
    assert (change["build"], change["before"]) == (2, "10.00")
    assert change["after"] == "10.000000000000000001"
    assert change["changed_at"].endswith("+00:00")
    assert change["difference_percent"] == pytest.approx(1e-17)


def test_people_see_the_newest_first_and_how_many_there_are(days: Days, run: Run) -> None:
    days.day(TODAY - 1, shop.rows("abcd", price=["9.50", "20", "-30", "40"]))
    days.day(TODAY, shop.rows("abcd", price=["9.50", "22", "-30", "40"]))
    heading, first, second, total = run("changes", NAME).out.splitlines()
    assert heading.split() == [
        "when", "(UTC)", "build", "product", "change", "column", "before", "after", "difference",
    ]  # fmt: skip
    assert first.split()[2:] == ["3", "b", "changed", "price", "20.00", "22.00", "+10.0", "%"]
    assert second.split()[3:5] == ["a", "changed"]
    assert total == "shop: 2 changes since 7d ago: 2 values of 2 changed products"
    assert run("changes", NAME, "--what", "gone").out == "shop: no such change since 7d ago.\n"


def test_of_many_changes_the_newest_hundred_are_shown(days: Days, run: Run) -> None:
    many = [f"p{number:03}" for number in range(150)]
    prices = ["10", "20", "-30", "40", *["1"] * len(many)]
    days.day(TODAY, shop.rows([*"abcd", *many], price=prices))
    lines = run("changes", NAME).out.splitlines()
    assert len(lines) == 102
    assert lines[-1] == (
        "shop: 150 changes since 7d ago, of which the newest 100 are shown (--all shows all): "
        "150 new products"
    )
    assert len(run("changes", NAME, "--all").out.splitlines()) == 152


def test_it_says_of_what_there_are_so_many_changes(days: Days, run: Run) -> None:
    days.day(TODAY - 1, shop.rows("abcde", price=["9", "20", "-30", "40", "1"], stock=4))
    days.day(TODAY, shop.rows("abcde", price=["8", "20", "-30", "40", "1"], stock=4))
    assert run("changes", NAME).out.splitlines()[-1] == (
        "shop: 7 changes since 7d ago: 1 new product, 6 values of 4 changed products"
    )


def _named_days(site: Site, key: str, *, track: list[str]) -> Days:
    """Products with titles: two cost more the day after, and the third one goes later."""
    fields = {**shop.FIELDS, "title": {"select": "h3"}}
    described = site.write(
        fields=fields,
        key=key,
        product=".product",
        history={"track": track, "absent_after": 1},
    )
    days = Days(site.places.folder, described)
    links = [f"https://shop.example/{'catalogue/' * 4}{sku}.html" for sku in "abc"]
    more: dict[str, Any] = {"link": links, "title": ["Red kettle", "Blue kettle", "Mug"]}
    days.day(TODAY - 3, shop.rows("abc", price="10", **more))
    days.day(TODAY - 2, shop.rows("abc", price=["9", "8", "10"], **more))
    more = {name: cells[:2] for name, cells in more.items()}
    days.day(TODAY - 1, shop.rows("ab", price=["9", "8"], **more))
    return days


def test_a_product_whose_key_is_an_address_is_shown_by_its_name(site: Site, run: Run) -> None:
    _named_days(site, "link", track=["price", "title"])
    heading, *lines, _ = run("changes", NAME).out.splitlines()
    assert heading.split()[3:5] == ["name", "change"]
    assert [line[25:38].split("  ")[0].strip() for line in lines] == [
        "Mug",
        "Blue kettle",
        "Red kettle",
    ]
    assert "https" not in "".join(lines)
    told = run("changes", NAME, "--json").json
    assert [each["name"] for each in told] == ["Red kettle", "Blue kettle", "Mug"]
    assert told[0]["key"]["link"].endswith("a.html")
    rows = list(csv.DictReader(io.StringIO(run("changes", NAME, "--csv").out)))
    assert [(row["link"][-6:], row["title"]) for row in rows] == [
        ("a.html", "Red kettle"),
        ("b.html", "Blue kettle"),
        ("c.html", "Mug"),
    ]


def test_a_product_whose_name_is_not_known_any_more_is_shown_by_its_key(
    site: Site, run: Run
) -> None:
    _named_days(site, "link", track=["price"])
    heading, gone, *lines, _ = run("changes", NAME).out.splitlines()
    assert heading.split()[3:6] == ["product", "name", "change"]
    assert "https://" in gone
    assert all("kettle" in line and "https://" in line for line in lines)
    assert run("changes", NAME, "--json").json[-1]["name"] is None


def test_a_key_that_is_no_address_stays_beside_the_name(site: Site, run: Run) -> None:
    _named_days(site, "sku", track=["price"])
    heading, _, line, *_ = run("changes", NAME).out.splitlines()
    assert heading.split()[3:6] == ["product", "name", "change"]
    assert line.split()[3:6] == ["b", "Blue", "kettle"]


def test_csv_has_amounts_as_they_are_and_no_formula(site: Site, days: Days, run: Run) -> None:
    skus = ["a", "b", "c", "=1+1", "007"]
    days.day(TODAY, shop.rows(skus, price=["10", "20", "-31", "1", "2"]))
    answer = run("changes", NAME, "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert list(rows[0])[:4] == ["sku", "build", "changed_at", "change"]
    assert [(row["sku"], row["change"], row["before"], row["after"]) for row in rows] == [
        ("c", "changed", "-30.00", "-31.00"),
        ("'=1+1", "new", "", ""),
        ("007", "new", "", ""),
    ]


def test_csv_has_quotes_around_texts_and_around_nothing_else(
    site: Site, days: Days, run: Run
) -> None:
    days.day(TODAY, shop.rows(["12.50", "b", "c"], price=["10", "20", "-31"]))
    lines = run("changes", NAME, "--csv").out.splitlines()
    (changed,) = (line for line in lines if line.startswith('"c",'))
    assert ",-30.00,-31.00," in changed
    assert any(line.startswith('"12.50",') for line in lines)


def test_texts_of_a_site_rule_no_terminal(days: Days, run: Run) -> None:
    texts = [text.replace("\x00", "") for text in HOSTILE.values()]
    days.day(TODAY, shop.rows(["a", "b", "c", "d", *texts], price="1"))
    for options in (("--all",), ("--json",)):
        out = run("changes", NAME, *options).out
        assert not (FORBIDDEN_ON_TERMINALS - {"\n"}) & set(out)
    assert "[bold red]A[/bold red]" in run("changes", NAME, "--all").out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--what", "prise"], "--what prise: no kind of change, and no column that is followed"),
        (["--what", ""], "--what '' names nothing"),
        (["--what", "price,"], "--what 'price,' names nothing"),
        (["--min", "5"], "--min 5: no share such as 5%"),
        (["--min", "-5%"], "--min -5%: no share such as 5%"),
        (["--since", "yesterday"], "'yesterday' is no age"),
        (["--csv", "--json"], "Give --csv or --json"),
    ],
)
def test_what_has_no_meaning_is_a_sentence(
    days: Days, run: Run, options: list[str], sentence: str
) -> None:
    answer = run("changes", NAME, *options)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err


def test_without_a_history_or_before_its_first_build_it_says_what_makes_one(
    site: Site, run: Run
) -> None:
    answer = run("changes", NAME)
    assert answer.code == 2
    assert "`history: true`" in answer.err
    site.write(history=True)
    answer = run("changes", NAME)
    assert answer.code == 1
    assert "kept from the first build on" in answer.err
