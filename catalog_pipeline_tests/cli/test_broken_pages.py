"""Fifty pages of which some are broken: what is done, what failed, what a rerun downloads."""

import pandas as pd
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


def test_two_broken_pages_do_not_hold_up_the_others_and_are_all_that_is_rerun(site: Site, run: Run):
    site.write(last_page=50)
    site.shop.control(faults=["17=500", "33=503:2", "40=empty"])
    first = run("run", NAME, "--json")
    assert first.code == 1
    assert (first.json["done"], first.json["failed"], first.json["missing"]) == (48, 2, 0)
    assert (first.json["failed_pages"], first.json["rows"]) == ("17,40", 960)
    assert (first.json["downloads"], first.json["refused"]) == (48, 1)
    expected = dict.fromkeys(range(1, 51), 1)
    assert site.downloads() == {**expected, 17: 4, 33: 3}

    failures = run("status", NAME, "--failed", "--json").json[0]["failures"]
    assert [(each["page"], each["http_status"], each["attempts"]) for each in failures] == [
        (17, 500, 4),
        (40, 200, 1),
    ]
    assert "the server answered 500" in failures[0]["error"]
    assert "no product on the page" in failures[1]["error"]

    site.shop.control(reset_hits=True)
    assert run("run", NAME, "--json").code == 1
    assert site.downloads() == {17: 4, 40: 1}

    site.shop.control(faults=[], reset_hits=True)
    mended = run("run", NAME, "--json")
    assert (mended.code, mended.json["rows"]) == (0, 1000)
    assert site.downloads() == {17: 1, 40: 1}
    table = pd.read_parquet(site.places.table)
    assert table["product_id"].is_unique
    assert table["page"].value_counts().eq(20).all()
