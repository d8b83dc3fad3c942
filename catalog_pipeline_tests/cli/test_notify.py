"""`notify`: what is shown without being sent, what is sent, and what is said of addresses."""

from __future__ import annotations

import dagster as dg
import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.built_days import BuiltDays
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import products

NOTIFY = {"to": "NOTIFY_URL", "rules": ["price falls 5%", "new"]}
EMPTY = products()


@pytest.fixture
def days(site: Site, instance: dg.DagsterInstance) -> BuiltDays:
    """Two days of a shop whose YAML has rules: a price fell, and a product is new."""
    days = BuiltDays(site, instance, history=True, notify=NOTIFY)
    days.day(1, products(kettle="24.90", mug="5.00"), EMPTY)
    days.day(2, products(kettle="19.90", mug="5.00", lamp="30"), EMPTY)
    return days


def test_a_dry_run_shows_rule_address_title_and_text_and_sends_nothing(
    days: BuiltDays, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_URL", "json://127.0.0.1:1/a-secret-word")
    answer = run("notify", NAME, "--dry-run")
    assert answer.code == 0, answer.err
    assert "shop: price falls 5% (1 product)\n  NOTIFY_URL: due\n  | shop, build 2" in answer.out
    assert "  | kettle: price 24.90 → 19.90 (-20.1 %)\n" in answer.out
    assert "  | lamp: new\n" in answer.out
    assert answer.out.endswith("shop: 2 notices\n")
    assert "a-secret-word" not in answer.out + answer.err
    told = run("notify", NAME, "--dry-run", "--json").json
    assert [each["rule"] for each in told] == ["price falls 5%", "new"]
    assert [each["addresses"] for each in told] == [{"NOTIFY_URL": "due"}] * 2


def test_products_are_told_by_what_they_are_called(
    site: Site, instance: dg.DagsterInstance, run: Run
) -> None:
    fields = {**shop.FIELDS, "title": ".title"}
    history = {"track": ["price", "title"], "absent_after": 1}
    notify = {"to": "NOTIFY_URL", "rules": ["price falls", "gone"]}
    days = BuiltDays(site, instance, history=history, notify=notify, fields=fields)
    days.day(
        1,
        shop.rows(["a", "b"], price="5", title=["Red kettle", "Mug"]),
        shop.rows("c", title="Lamp"),
    )
    days.day(2, shop.rows(["a"], price="4", title="Red kettle"), shop.rows("c", title="Lamp"))
    for options in ([], ["--build", "2"]):
        answer = run("notify", NAME, "--dry-run", *options)
        assert "  | Red kettle (a): price 5.00 → 4.00 (-20.0 %)\n" in answer.out
        assert "  | Mug (b): gone\n" in answer.out


def test_an_address_that_is_not_set_is_told(
    days: BuiltDays, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_URL", raising=False)
    (first, _) = run("notify", NAME, "--dry-run", "--json").json
    assert first["addresses"] == {"NOTIFY_URL": "due, and it is not set"}
    answer = run("notify", NAME)
    assert (answer.code, answer.out) == (1, "shop: 0 notices sent\n")
    assert answer.err == "Not sent: NOTIFY_URL: it is not set; it is tried again\n"


def test_a_dry_run_of_another_build_shows_what_that_gave_notice_of(
    days: BuiltDays, run: Run
) -> None:
    days.day(3, products(kettle="9.90", mug="5.00", lamp="30"), EMPTY)
    rules = {
        build: [
            each["rule"]
            for each in run("notify", NAME, "--dry-run", "--json", "--build", str(build)).json
        ]
        for build in (1, 2, 3)
    }
    assert rules == {1: [], 2: ["price falls 5%", "new"], 3: ["price falls 5%"]}
    answer = run("notify", NAME, "--dry-run", "--build", "4")
    assert (answer.code, answer.err) == (
        2,
        "Error: There is no build 4; the latest one is build 3. "
        "A build whose table was refused has no number.\n",
    )


def test_of_a_build_that_did_not_know_a_rule_it_is_shown_that_it_is_not_sent(
    days: BuiltDays, run: Run
) -> None:
    days.write(history=True, notify={**NOTIFY, "rules": ["price falls"]})
    (told,) = run("notify", NAME, "--dry-run", "--json").json
    assert "did not know the rule" in told["addresses"]["NOTIFY_URL"]
    assert run("notify", NAME).out == "shop: 0 notices sent\n"


def test_without_rules_and_with_options_that_do_not_go_together_it_says_so(
    site: Site, run: Run
) -> None:
    assert "gives no notices" in run("notify", NAME).err
    site.write(notify={"to": "A", "rules": "crawl fails"})
    assert run("notify", NAME, "--dry-run", "--test").code == 2
    assert run("notify", NAME, "--build", "3").code == 2
    assert run("notify", NAME, "--dry-run").out == "shop: 0 notices\n"
