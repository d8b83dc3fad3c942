"""`catalog-pipeline try`: one page, looked at closely, nothing stored."""

from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.places import data_folder
from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site


@pytest.mark.processes
def test_a_page_of_the_bundled_shop_is_shown_as_a_table(run: Run, home: Path):
    before = sorted(home.rglob("*"))
    answer = run("try", "sandbox", "--page", "2")
    assert answer.code == 0
    assert "products?page=2: 20 products" in answer.out
    assert "Purple Glass Plate" in answer.out
    assert sorted(home.rglob("*")) == before
    assert not data_folder().exists()


def test_rows_come_as_json_for_machines(site: Site, run: Run):
    rows = run("try", NAME, "--page", "3", "--json").json
    assert len(rows) == 20
    assert rows[0]["product_id"] == 41
    assert rows[0]["url"].startswith(site.shop.url)


def test_without_a_page_the_first_one_is_taken(site: Site, run: Run):
    assert run("try", NAME, "--json").json[0]["product_id"] == 1


def test_a_saved_page_needs_no_site(site: Site, run: Run, tmp_path: Path):
    saved = tmp_path / "saved.html"
    saved.write_text(
        "<article class=product-card data-product-id=7><h2 class=product-name><a href=/p/7>Mug</a>"
        "</h2><span class=price>$1.50</span><p class=stock>In stock</p></article>"
    )
    answer = run("try", NAME, "--file", str(saved), "--json")
    assert answer.code == 0
    assert (answer.json[0]["price"], answer.json[0]["in_stock"]) == ("1.50", True)
    assert answer.json[0]["url"] == f"{site.shop.url}/p/7"
    assert site.shop.log() == []


def test_what_does_not_match_is_said_precisely(site: Site, run: Run):
    site.shop.control(faults=["4=no-price"])
    answer = run("try", NAME, "--page", "4")
    assert answer.code == 1
    assert "[product 2, field price, selector 'span.price']" in answer.out
    assert "product  'article.product-card' found 20" in answer.out
    assert "price (required): 'span.price' matched 19 of 20" in answer.out

    as_json = run("try", NAME, "--page", "4", "--json")
    assert (as_json.code, as_json.json["field"]) == (1, "price")


def test_an_empty_page_names_its_title(site: Site, run: Run):
    site.shop.control(faults=["4=empty"])
    answer = run("try", NAME, "--page", "4")
    assert answer.code == 1
    assert "Title: Products, page 4" in answer.out


def test_a_page_that_cannot_be_had_is_one_sentence(site: Site, run: Run):
    site.shop.control(faults=["4=404"])
    answer = run("try", NAME, "--page", "4")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Error: page 4 ")
    assert "the server answered 404" in answer.err


def test_a_saved_page_larger_than_a_download_may_be_is_refused(site: Site, run: Run):
    site.write(limits={"max_decoded_bytes": 1000})
    answer = run("try", NAME, "--file", "/dev/zero")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "Error: /dev/zero is larger than limits.max_decoded_bytes of shop.\n"


@pytest.mark.processes
def test_a_members_page_is_shown_after_a_login(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_USERNAME", "member")
    monkeypatch.setenv("CATALOG_PIPELINE_MEMBER_PASSWORD", "practice")
    assert len(run("try", "sandbox_members", "--json").json) == 20


def test_a_page_beyond_the_last_is_refused(site: Site, run: Run):
    answer = run("try", NAME, "--page", "13")
    assert (answer.code, answer.err) == (2, "Error: shop has no page 13; it has 1-12.\n")


def test_another_address_can_be_tried(site: Site, run: Run):
    site.write(base_url="http://127.0.0.1:9")
    assert run("try", NAME, "--base-url", site.shop.url, "--json").code == 0


def test_a_pattern_that_takes_too_long_ends_with_a_sentence(site: Site, run: Run, tmp_path: Path):
    site.write(
        fields={"name": {"select": "b", "pattern": "^(([a-z ]+)+)+$"}},
        key="name",
        product="li",
        limits={"parse_seconds": 1},
    )
    saved = tmp_path / "saved.html"
    saved.write_text(f"<ul><li><b>{'a b ' * 1000}!</b></ul>")
    answer = run("try", NAME, "--file", str(saved))
    assert answer.code == 1
    assert "Warning: fields.name.pattern" in answer.err
    # Where the processor is busy, whoever watches from outside says it before the pattern does.
    assert "took longer than 1 s (limits.parse_seconds)" in answer.err
    assert "[field name, pattern '^(([a-z ]+)+)+$']" in answer.err


def _write_slow(site: Site, tmp_path: Path, field: dict[str, str], **changes: Any) -> str:
    """A page and a field that it takes far longer to read than anybody waits."""
    fields = {"name": {"select": "h2"}, "slow": field}
    described = {"product": "article", "limits": {"parse_seconds": 0.5}} | changes
    site.write(fields=fields, key="name", **described)
    saved = tmp_path / "saved.html"
    saved.write_text(f"<article><h2>{'a' * 200}</h2>{8 * '<b></b>'}</article>")
    return str(saved)


@pytest.mark.processes
@pytest.mark.parametrize("key", ["field slow", "product", "total"])
def test_a_selector_that_takes_too_long_ends_it_with_what_was_evaluated(
    site: Site, tmp_path: Path, key: str
):
    path = "//*"
    for _ in range(12):
        path = f"//*[count({path}) > 0]"
    slow = f"xpath:{path}"
    changes: dict[str, Any] = {"product": {"product": slow}, "total": {"total": {"select": slow}}}
    field = {"select": slow if key == "field slow" else "h2"}
    saved = _write_slow(site, tmp_path, field, **changes.get(key, {}))
    answer = run_process("try", NAME, "--file", saved)
    assert answer.code == 1
    problem = "reading it took longer than 0.5 s (limits.parse_seconds)"
    assert f"Error: {problem} [{key}" in answer.err


def test_a_pattern_that_no_engine_ends_by_itself_ends_it_with_field_and_pattern(
    site: Site, run: Run, tmp_path: Path
):
    """An option of Python's own engine keeps the pattern from the one that has a time limit."""
    saved = _write_slow(site, tmp_path, {"select": "h2", "pattern": "(?x)(a+)+b"})
    answer = run("try", NAME, "--file", saved)
    assert answer.code == 1
    problem = "reading it took longer than 0.5 s (limits.parse_seconds)"
    assert problem in answer.err
    assert "[field slow, pattern '(?x)(a+)+b']" in answer.err


@pytest.mark.parametrize(("fault", "sign"), [("404", "status 404"), ("empty", "no product")])
def test_a_page_that_may_be_beyond_the_end_of_an_open_listing_says_so(
    site: Site, run: Run, fault: str, sign: str
):
    site.write(pages="open")
    site.shop.control(faults=[f"4={fault}", f"1={fault}"])
    told = (
        f"pages: the listing ends before page 4 ({sign}), if the page after it shows such a sign, "
        f"too\n"
    )
    assert told in run("try", NAME, "--page", "4").err
    assert "ends before" not in run("try", NAME, "--page", "1").err
    end = {"status": [410], "empty": False}
    site.write(pages={"kind": "open", "end": end})
    assert "ends before" not in run("try", NAME, "--page", "4").err


def test_a_page_of_an_open_listing_says_what_its_end_is_looked_for_by(site: Site, run: Run):
    site.write(pages={"kind": "open", "end": {"redirect": False, "confirm": 3}})
    assert (
        "pages: crawls look for the end, which 3 pages one after the other show by no product; "
        "status 404, 410; the products of another page\n"
    ) in run("try", NAME).out


def test_a_first_page_that_does_not_tell_the_length_is_a_mismatch(site: Site, run: Run):
    site.write(pages={"kind": "told", "last": {"select": ".no-such-thing"}})
    answer = run("try", NAME)
    assert answer.code == 1
    assert "[pages.last .no-such-thing]: it finds nothing on the page" in answer.out
