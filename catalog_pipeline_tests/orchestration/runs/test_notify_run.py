"""Notices are sent once for each build, rule and address, and what cannot be sent fails nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints import notices_log
from catalog_pipeline.orchestration.checkpoints.notices_log import read_tries
from catalog_pipeline.orchestration.definitions import notices_sensor
from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline.orchestration.definitions.notices_asset import build_notices_assets
from catalog_pipeline.orchestration.definitions.notices_sensor import build_notices_sensors
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life, sign_path
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import NOTICES_TAG, notices_key
from catalog_pipeline.orchestration.runs import notify_run
from catalog_pipeline.orchestration.runs.notify_run import Sent, send_due
from catalog_pipeline.orchestration.runs.pruning import prune
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.cluster import running_cluster
from catalog_pipeline_tests.orchestration.built_days import BuiltDays
from catalog_pipeline_tests.receivers import Webhook, mailbox, webhook
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import products
from catalog_pipeline_tests.waiting import wait_for

RULES = ["price falls 5%", "new", "gone"]
EMPTY = products()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook at the address in NOTIFY_URL."""
    with webhook() as found:
        monkeypatch.setenv("NOTIFY_URL", found.url)
        yield found


@pytest.fixture(scope="module")
def two_days(
    tmp_path_factory: pytest.TempPathFactory, untouched_home: Path, running_shop: RunningShop
) -> Path:
    """A folder with the home of two days: building them takes twenty times as long as copying."""
    folder = tmp_path_factory.mktemp("two_days")
    shutil.copytree(untouched_home, folder / "dagster_home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(folder / "dagster_home"))
        environment.delenv(DATA_VARIABLE, raising=False)
        with open_instance() as instance:
            days = _days(Site(folder / "catalogues", running_shop), instance)
            _let_pass(days)
    return folder


def _let_pass(days: BuiltDays) -> None:
    days.day(1, products(kettle="24.90", mug="5"), EMPTY)
    days.day(2, products(kettle="19.90", mug="5", lamp="30"), EMPTY)


@pytest.fixture
def home(new_home: Callable[[], Path], no_home: Path, request: pytest.FixtureRequest) -> Path:
    """A Dagster home of the test's own, in which there were two days if it asks for them."""
    if "days" not in request.fixturenames or running_cluster():
        return new_home()
    before = request.getfixturevalue("two_days")
    shutil.copytree(before / "dagster_home", no_home)
    shutil.copytree(before / "data", no_home.parent / "data")
    return no_home


@pytest.fixture
def days(site: Site, instance: dg.DagsterInstance) -> BuiltDays:
    """Two days of a shop: a price fell, and a product is new."""
    days = _days(site, instance)
    if running_cluster():
        _let_pass(days)
    return days


def _days(site: Site, instance: dg.DagsterInstance) -> BuiltDays:
    return BuiltDays(site, instance, history=True, notify=_notify(*RULES))


def _notify(*rules: Any, to: Any = "NOTIFY_URL") -> dict[str, Any]:
    return {"to": to, "rules": list(rules)}


def _send(days: BuiltDays) -> Sent:
    return send_due(days.instance, days.catalogue, os.environ)


def _outcomes(days: BuiltDays) -> list[tuple[str, str]]:
    now = datetime.now(timezone.utc)
    return [(x.address, x.outcome) for x in read_tries(days.instance, days.catalogue, now)]


def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_log, "_FIRST_DELAY", timedelta(0))


def _look(days: BuiltDays, cursor: str | None = None) -> tuple[dg.RunRequest | str, str | None]:
    (sensor,) = build_notices_sensors(days.catalogue)
    with dg.build_sensor_context(days.instance, cursor=cursor) as context:
        found = sensor(context)
        if isinstance(found, dg.RunRequest):
            return found, context.cursor
        assert isinstance(found, dg.SkipReason)
        return str(found.skip_message), context.cursor


def _job(catalogue: Catalogue) -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=build_notices_assets(catalogue), executor=dg.in_process_executor
    )
    return definitions.resolve_implicit_global_asset_job_def()


def test_each_notice_is_sent_once_whatever_is_built_or_sent_again(
    days: BuiltDays, hook: Webhook
) -> None:
    assert _send(days) == Sent(2)
    assert hook.titles == ["shop: price falls 5% (1 product)", "shop: new (1 product)"]
    assert _send(days) == Sent()
    days.build()
    assert _send(days) == Sent(), "the same pages are the same build"
    days.fetch(2, products(kettle="19.90", mug="5", lamp="30"), EMPTY)
    days.build()
    assert _send(days) == Sent(), "recorded again, they are the same pages"
    days.day(3, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    assert _send(days) == Sent(1)
    assert hook.titles[2:] == ["shop: price falls 5% (1 product)"]
    assert "build 3" in hook.bodies[2]["message"]


def test_builds_that_nobody_had_sent_notices_of_have_one_each(
    days: BuiltDays, hook: Webhook
) -> None:
    days.day(3, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    days.day(4, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    assert _send(days) == Sent(3)
    assert [body["message"].split(" of ")[0] for body in hook.bodies] == [
        "shop, build 2",
        "shop, build 2",
        "shop, build 3",
    ]


def test_pruning_takes_no_build_of_which_notice_is_due(
    site: Site, instance: dg.DagsterInstance, hook: Webhook
) -> None:
    notify, retention = _notify("price changes"), {"runs": "1s"}
    days = BuiltDays(site, instance, history=True, notify=notify, retention=retention)
    for day, price in enumerate(("24.90", "23", "22", "21"), start=1):
        days.day(day, products(kettle=price), None)
    prune(instance, [days.catalogue], datetime.now(timezone.utc) + timedelta(hours=1))
    assert _send(days) == Sent(3)


def test_a_rule_counts_from_the_next_build_on(days: BuiltDays, hook: Webhook) -> None:
    _send(days)
    days.write(history=True, notify=_notify(*RULES, "price changes"))
    assert _send(days) == Sent()
    days.build()
    assert _send(days) == Sent(), "the same build does not know it either"
    days.day(3, products(kettle="19.90", mug="5.10", lamp="30"), EMPTY)
    assert _send(days) == Sent(1)
    assert hook.titles[-1] == "shop: price changes (1 product)"


@pytest.mark.embedded("harms the files of the past in their folder")
def test_a_history_that_was_lost_and_begun_anew_goes_on_to_give_notice(
    days: BuiltDays, hook: Webhook
) -> None:
    assert _send(days) == Sent(2)
    for path in (days.site.places.history, days.site.places.changes):
        path.unlink()
    days.day(3, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    days.day(4, products(kettle="4.90", mug="5", lamp="30"), EMPTY)
    assert _send(days) == Sent(1)
    assert "build 4 of 2026-03-05" in hook.bodies[-1]["message"]


@pytest.mark.embedded("harms the files of the past in their folder")
def test_changes_that_cannot_be_read_are_told_and_keep_no_other_notice_back(
    days: BuiltDays, hook: Webhook
) -> None:
    rule = "check values_of_price fails"
    days.write(history=True, notify=_notify(*RULES, rule), checks={"price": {"maximum": 1}})
    days.day(3, products(kettle="19.90", mug="5", lamp="30"), EMPTY)
    (days.site.places.folder / "changes.parquet").write_bytes(b"damaged")
    sent = _send(days)
    assert hook.titles == [f"shop: {rule} (1 check)"]
    assert sent.sent == 1
    (told,) = sent.problems
    assert told.startswith("notices of changes: ")
    assert "changes.parquet cannot be read" in told


def test_an_incomplete_crawl_closes_nothing_and_gives_no_notice_of_it(
    days: BuiltDays, hook: Webhook
) -> None:
    _send(days)
    for day in (3, 4):
        days.day(day, products(kettle="19.90"), None)
    assert _send(days) == Sent(), "page 2 is old: nobody knows what is on it now"


def test_an_address_that_fails_is_told_spared_and_tried_again_and_fails_nothing(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 500
    told = "NOTIFY_URL: it was not reached, or did not take it (HTTP 500); it is tried again"
    assert _send(days) == Sent(0, (told,))
    assert len(hook.bodies) == 1, "the second notice waits: the address has just failed"
    hook.status = 200
    spared = _send(days)
    assert spared.sent == 0, "it is spared for a while"
    (told,) = spared.problems
    assert told.startswith("NOTIFY_URL: it was not reached, or did not take it (HTTP 500); it is")
    _no_waiting(monkeypatch)
    assert _send(days) == Sent(2)
    assert [outcome for _, outcome in _outcomes(days)] == ["failed", "sent", "sent"]
    assert sorted(set(hook.titles)) == ["shop: new (1 product)", "shop: price falls 5% (1 product)"]
    assert _send(days) == Sent()


def test_the_waits_grow_and_end(days: BuiltDays, monkeypatch: pytest.MonkeyPatch) -> None:
    (delivery, *_) = notify_run.unsettled(days.instance, days.catalogue, _now())
    waits = []
    for count in range(1, notices_log.MOST_TRIES + 1):
        failed = notices_log.Try(delivery.notice.number, "NOTIFY_URL", "failed", _now())
        tried = notices_log.Delivery(delivery.notice, "NOTIFY_URL", [failed] * count)
        assert tried.is_too_late(_now()) == (count == notices_log.MOST_TRIES)
        waits.append(tried.due_at - failed.at)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == timedelta(hours=4)
    assert sum(waits, timedelta()) > timedelta(days=3)


def test_a_clock_that_was_ahead_keeps_no_notice_back_until_its_time_has_come(
    days: BuiltDays, hook: Webhook
) -> None:
    hook.status = 500
    _send(days)
    corrected = _now() - timedelta(days=2)
    waiting = notify_run.unsettled(days.instance, days.catalogue, corrected)
    assert [len(each.tries) for each in waiting] == [1, 0]
    assert all(each.due_at <= corrected for each in waiting)


def test_a_notice_that_is_refused_for_ever_holds_up_no_later_one(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 500
    _send(days)
    hook.status = 200
    _no_waiting(monkeypatch)
    days.day(3, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    _send(days)
    assert hook.titles[0] == "shop: price falls 5% (1 product)"
    assert "build 2" in hook.bodies[-1]["message"], "what had failed comes last"


def test_what_comes_too_late_is_not_sent_and_that_is_recorded_and_told_once(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices_log, "LATE_AFTER", timedelta(0))
    result = _send(days)
    assert result.sent == 0
    assert len(result.problems) == 2
    assert all("not sent any more" in problem for problem in result.problems)
    assert _outcomes(days) == [("NOTIFY_URL", "late")] * 2
    assert hook.bodies == []
    assert _send(days) == Sent()


def test_each_address_is_recorded_by_itself_and_rules_may_have_their_own(
    site: Site, instance: dg.DagsterInstance, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = ["price falls 5%", {"when": "new", "to": ["MAIL", "UNSET"]}]
    notify = _notify(*rules, to=["NOTIFY_URL", "MAIL"])
    days = BuiltDays(site, instance, history=True, notify=notify)
    days.day(1, products(kettle="24.90"), EMPTY)
    days.day(2, products(kettle="9.90", cup="1"), EMPTY)
    with mailbox() as box:
        monkeypatch.setenv("MAIL", box.url)
        result = _send(days)
        assert result == Sent(3, ("UNSET: it is not set; it is tried again",))
        assert hook.titles == ["shop: price falls 5% (1 product)"]
        assert sorted(str(mail["Subject"]) for mail in box.mails) == [
            "shop: new (1 product)",
            "shop: price falls 5% (1 product)",
        ]
        _no_waiting(monkeypatch)
        monkeypatch.setenv("UNSET", hook.url)
        assert _send(days) == Sent(1)
        assert len(box.mails) == 2
        assert hook.titles[1:] == ["shop: new (1 product)"]


def test_one_that_hangs_costs_its_own_time_and_others_are_recorded_meanwhile(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog_pipeline.notices.sending.SECONDS", 5.0)
    days.write(history=True, notify=_notify(*RULES, to=["HANGS", "NOTIFY_URL"]))
    with webhook() as hanging:
        hanging.status = None
        monkeypatch.setenv("HANGS", hanging.url)
        result = _send(days)
        assert result == Sent(2, ("HANGS: it did not answer within 5 s; it is tried again",))
        assert len(hanging.bodies) == 1, "it is asked once, and then left alone"
    assert _outcomes(days) == [("NOTIFY_URL", "sent"), ("HANGS", "failed"), ("NOTIFY_URL", "sent")]


def test_checks_that_fail_are_told_once_for_the_same_pages(
    site: Site, instance: dg.DagsterInstance, hook: Webhook
) -> None:
    rules = ["check fails", "check values_of_price fails", "check columns_are_filled fails"]
    checks = {"price": {"maximum": 100}, "filled": {"stock": "100%"}}
    fresh = {"stale_after_hours": 80_000}
    days = BuiltDays(site, instance, checks=checks, coverage=fresh, notify=_notify(*rules))
    days.day(1, products(kettle="24.90"), EMPTY)
    assert _send(days) == Sent()
    days.day(2, products(kettle="249.90"), EMPTY)
    assert _send(days) == Sent(2)
    assert hook.titles == [
        "shop: check fails (1 check)",
        "shop: check values_of_price fails (1 check)",
    ]
    assert "values_of_price: price: 1 of 1 value breaks a rule" in hook.bodies[0]["message"]
    days.build()
    assert _send(days) == Sent()
    days.day(3, products(kettle="249.90"), EMPTY)
    assert _send(days) == Sent(2), "it is another crawl, and it fails still"


def test_a_check_that_says_nothing_in_words_is_told_in_numbers(
    site: Site, instance: dg.DagsterInstance, hook: Webhook
) -> None:
    notify = _notify("check pages_are_complete fails")
    days = BuiltDays(site, instance, notify=notify)
    days.day(1, products(kettle="24.90"), None)
    assert _send(days) == Sent(1)
    told = "pages_are_complete: done 1, failed 0, in_progress 0, missing 1, total 2\n"
    assert told in hook.bodies[0]["message"]


def test_a_table_that_was_refused_is_told_once_and_without_what_stands_from_before(
    site: Site, instance: dg.DagsterInstance, hook: Webhook
) -> None:
    checks = {"price": {"maximum": 100}, "on_failure": "keep_old_table"}
    rules = ["check fails", "check rows_are_fresh fails"]
    days = BuiltDays(site, instance, checks=checks, history=True, notify=_notify(*rules, "new"))
    days.day(1, products(kettle="24.90"), EMPTY)
    # The days of these pages are long ago, so that this check warns at each build.
    assert _send(days) == Sent(2)
    refused = days.day(2, products(kettle="249.90", lamp="1"), EMPTY)
    assert refused.error is not None
    assert _send(days) == Sent(1), "what was said of the table that stays is not said again"
    assert hook.titles[-1] == "shop: check fails (1 check)"
    assert "values_of_price: " in hook.bodies[-1]["message"]
    days.build()
    assert _send(days) == Sent()


def test_a_stale_table_is_told_once_until_it_is_built_again(
    site: Site, instance: dg.DagsterInstance, hook: Webhook
) -> None:
    coverage = {"stale_after_hours": 0.0001}
    days = BuiltDays(site, instance, coverage=coverage, notify=_notify("table is stale"))
    assert _send(days) == Sent(), "there is no table yet"
    days.day(1, products(kettle="24.90"), EMPTY)
    _wait_until_due(days)
    assert _send(days) == Sent(1)
    assert _send(days) == Sent()
    assert "it may be 0.0001 hours old" in hook.bodies[0]["message"]
    days.build()
    _wait_until_due(days)
    assert _send(days) == Sent(1)


def test_how_old_a_table_may_be_is_what_its_schedule_says(
    site: Site, instance: dg.DagsterInstance
) -> None:
    schedule = {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "enabled": True}
    days = BuiltDays(site, instance, schedule=schedule, notify=_notify("table is stale"))
    days.day(1, products(kettle="24.90"), EMPTY)
    found = notify_run.find_notices
    (built,) = instance.fetch_materializations(dg.AssetKey([NAME, "products"]), limit=1).records
    at = datetime.fromtimestamp(built.timestamp, tz=timezone.utc)
    assert found(instance, days.catalogue, at + timedelta(hours=23)) == []
    assert len(found(instance, days.catalogue, at + timedelta(hours=49))) == 1


def test_the_sensor_asks_for_a_run_that_sends_and_looks_no_further_until_something_happens(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, cursor = _look(days)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [notices_key(days.catalogue)]
    assert request.run_key == getattr(_look(days, cursor)[0], "run_key", None)
    ended = _job(days.catalogue).execute_in_process(
        instance=days.instance, tags=request.tags, asset_selection=request.asset_selection
    )
    assert ended.success
    assert len(hook.bodies) == 2
    event = days.instance.get_latest_materialization_event(notices_key(days.catalogue))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["sent"].value == 2
    told, cursor = _look(days, cursor)
    assert told == "No notice is due."
    with monkeypatch.context() as patched:
        patched.delattr(notices_sensor, "unsettled")
        assert _look(days, cursor)[0] == "No notice is due."
    days.day(3, products(kettle="9.90", mug="5", lamp="30"), EMPTY)
    assert isinstance(_look(days, cursor)[0], dg.RunRequest)


def test_the_sensor_comes_back_when_the_wait_after_a_failure_is_over(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 500
    _send(days)
    told, cursor = _look(days)
    assert told == "No notice is due."
    assert cursor is not None
    assert float(cursor.partition("/")[2]) > _now().timestamp()
    _no_waiting(monkeypatch)
    assert isinstance(_look(days, f"{cursor.partition('/')[0]}/1")[0], dg.RunRequest)


def test_the_sensor_waits_for_a_run_that_sends_and_leaves_a_broken_one_alone_for_a_while(
    days: BuiltDays, hook: Webhook
) -> None:
    home = Path(days.instance.root_directory)
    run = days.instance.create_run_for_job(
        _job(days.catalogue), status=dg.DagsterRunStatus.STARTED, tags={NOTICES_TAG: NAME}
    )
    with hold_sign_of_life(home, run.run_id):
        assert _look(days)[0] == "Notices are being sent."
    sign_path(home, run.run_id).write_text("{}")
    assert isinstance(_look(days)[0], dg.RunRequest)
    days.instance.report_run_failed(run)
    assert "failed; trying again later" in str(_look(days)[0])


def test_a_run_warns_of_an_address_that_is_not_reached_and_does_not_fail(
    days: BuiltDays, hook: Webhook
) -> None:
    hook.status = 500
    ended = _job(days.catalogue).execute_in_process(instance=days.instance)
    assert ended.success
    logs = days.instance.all_logs(ended.run_id)
    warnings = [entry.user_message for entry in logs if entry.level == 30]
    assert any(x.startswith("Not sent: NOTIFY_URL: it was not reached") for x in warnings)
    event = days.instance.get_latest_materialization_event(notices_key(days.catalogue))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["not_sent"].value == 1


def test_no_part_of_an_address_is_recorded(
    days: BuiltDays, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    days.write(history=True, notify=_notify(*RULES, to=["NOTIFY_URL", "ODD", "GONE"]))
    monkeypatch.setenv("ODD", "slack://a-secret-word")
    monkeypatch.setenv("GONE", "mailto://u:a-secret-word@127.0.0.1:1?mode=insecure")
    _job(days.catalogue).execute_in_process(instance=days.instance)
    assert len(_outcomes(days)) == 4
    folders = (Path(days.instance.root_directory), days.site.places.folder)
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        assert b"a-secret" not in path.read_bytes(), path


def test_the_asset_is_below_what_it_tells_of_and_only_where_there_are_rules(site: Site) -> None:
    def parents(**changes: Any) -> set[str] | None:
        component = CatalogueComponent(site.write(fields=shop.FIELDS, key="sku", **changes))
        graph = component.build_defs().get_repository_def().asset_graph
        key = dg.AssetKey([NAME, "notices"])
        if not graph.has(key):
            return None
        return {parent.path[-1] for parent in graph.get(key).parent_keys}

    assert parents() is None
    assert parents(notify=_notify("crawl fails")) == {"products"}
    assert parents(notify=_notify("new"), history=True) == {"changes"}


def _wait_until_due(days: BuiltDays) -> None:
    wait_for("stale", lambda: notify_run.unsettled(days.instance, days.catalogue, _now()))


def _now() -> datetime:
    return datetime.now(timezone.utc)
