"""History and changes as assets: made by the table's step, whichever of them is asked for."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.table_state import why_outdated
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.showing import as_markdown
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.hostile_texts import HOSTILE
from catalog_pipeline_tests.kept_files import kept
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

HISTORY, CHANGES, TABLE = (dg.AssetKey([NAME, part]) for part in ("history", "changes", "products"))
PRICE = {"select": "i", "type": "money", "currency": "EUR"}


@pytest.fixture
def pages() -> Iterator[WrittenSite]:
    """A site of two pages with two products each."""
    with written_site() as site:
        site.write({1: listing(1, "1.00", "2.00"), 2: listing(2, "3.00", "4.00")})
        yield site


def _metadata(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def _count(instance: dg.DagsterInstance, key: dg.AssetKey) -> int:
    return len(instance.fetch_materializations(key, limit=100).records)


def _crawl(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert build_table_here(instance, catalogue).status == dg.DagsterRunStatus.SUCCESS


def test_only_a_catalogue_that_keeps_its_past_has_the_assets(site: Site):
    graph = CatalogueComponent(site.write()).build_defs().get_repository_def().asset_graph
    assert {key.path[-1] for key in graph.get_all_asset_keys()} == {"product_pages", "products"}
    keeps = site.write(history={"track": ["price"], "absent_after": 3}, key_prefix="eu")
    graph = CatalogueComponent(keeps).build_defs().get_repository_def().asset_graph
    for name in ("history", "changes"):
        node = graph.get(dg.AssetKey(["eu", NAME, name]))
        assert node.parent_keys == {dg.AssetKey(["eu", NAME, "products"])}
        assert (node.group_name, node.kinds) == ("eu__shop", {"pandas", "parquet"})
        assert node.owners == ["team:catalogues"]
        assert node.description
        assert str(node.metadata["dagster/uri"]).endswith(f"{name}.parquet")
    described = graph.get(dg.AssetKey(["eu", NAME, "history"])).description or ""
    assert "the same values of price" in described
    assert "when 3 complete crawls" in described


def _tags(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, str]:
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    tags = dict(event.asset_materialization.tags or {})
    return {name: value for name, value in tags.items() if "input_event_pointer" not in name}


def _pointed_at(instance: dg.DagsterInstance, made: dg.AssetKey, of: dg.AssetKey) -> int:
    """Which event of an asset another one was made of."""
    event = instance.get_latest_materialization_event(made)
    assert event is not None
    assert event.asset_materialization is not None
    tags = event.asset_materialization.tags or {}
    return int(tags[f"dagster/input_event_pointer/{of.to_user_string()}"])


@pytest.mark.processes
@pytest.mark.parametrize(
    "asked",
    [dg.AssetSelection.checks_for_assets(TABLE), dg.AssetSelection.assets(CHANGES)],
    ids=["checks alone", "changes alone"],
)
def test_a_run_that_is_not_asked_for_the_table_records_what_it_was_made_of_as_any_build(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, asked: dg.AssetSelection
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    crawl_here(instance, catalogue, keys(1, 2), None)
    made_of = {TABLE: dg.AssetKey([NAME, "product_pages"]), HISTORY: TABLE, CHANGES: TABLE}
    definitions = CatalogueComponent(catalogue).build_defs()
    other = dg.define_asset_job("other", asked)
    build = dg.define_asset_job("build", dg.AssetSelection.assets(*made_of))
    jobs = dg.Definitions.merge(definitions, dg.Definitions(jobs=[build, other]))
    assert jobs.resolve_job_def("build").execute_in_process(instance=instance).success
    built = {key: _tags(instance, key) for key in made_of}
    assert len(built[TABLE]) == 3
    assert jobs.resolve_job_def("other").execute_in_process(instance=instance).success
    assert _count(instance, TABLE) == 2
    assert {key: _tags(instance, key) for key in made_of} == built
    for made, of in made_of.items():
        (newest,) = instance.fetch_materializations(of, limit=1).records
        assert _pointed_at(instance, made, of) == newest.storage_id


@pytest.mark.processes
def test_a_build_tells_what_changed_in_numbers_and_at_a_glance(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    pages.write({1: listing(1, "1.50"), 2: listing(2, "3.00", "4.00", "5.00")})
    _crawl(instance, catalogue)
    told = _metadata(instance, CHANGES)
    assert (told["new"], told["gone"], told["returned"], told["changed"]) == (1, 0, 0, 1)
    assert (told["dagster/row_count"], told["values"], told["build"]) == (2, 1, 2)
    assert "1 new, 0 gone, 0 returned, 1 changed product \\(1 value\\)" in told["preview"]
    assert (told["price_fell"], told["price_rose"]) == (0, 1)
    assert "price: 0 fell, 1 rose \\(\\+50\\.0 % to \\+50\\.0 %\\)" in told["preview"]
    assert "| 1\\-1 | changed | price | 1\\.00 | 1\\.50 | \\+50\\.0 % |" in told["preview"]
    past = _metadata(instance, HISTORY)
    assert (past["dagster/row_count"], past["open_periods"], past["absent"]) == (6, 5, 1)
    for key, file in ((HISTORY, site.places.history), (CHANGES, site.places.changes)):
        schema = _metadata(instance, key)["dagster/column_schema"]
        assert [column.name for column in schema.columns] == list(pd.read_parquet(file).columns)
        assert all(each.description for each in schema.columns)
    assert _metadata(instance, TABLE)["history"]["changed"] == 1


@pytest.mark.processes
@pytest.mark.parametrize("key", [TABLE, HISTORY, CHANGES], ids=lambda key: key.path[-1])
def test_a_run_over_one_of_them_makes_all(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, key: dg.AssetKey
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    crawl_here(instance, catalogue, keys(1, 2), None)
    job = CatalogueComponent(catalogue).build_defs().resolve_implicit_global_asset_job_def()
    ended = job.execute_in_process(instance=instance, asset_selection=[key])
    assert ended.success
    assert [_count(instance, each) for each in (TABLE, HISTORY, CHANGES)] == [1, 1, 1]
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    checks = [
        entry.get_dagster_event().asset_check_evaluation_data.check_name
        for entry in instance.all_logs(ended.run_id, of_type=kind)
    ]
    assert checks.count("pages_are_complete") == 1
    assert why_outdated(instance, catalogue) is None
    with dg.build_sensor_context(instance) as context:
        assert isinstance(build_table_sensor(catalogue)(context), dg.SkipReason)


@pytest.mark.processes
def test_the_sensor_asks_for_all_of_them_and_again_when_the_past_is_lost_or_kept_from_now_on(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    without = pages.describe(site, {"price": PRICE})
    _crawl(instance, without)
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    with dg.build_sensor_context(instance) as context:
        asked = build_table_sensor(catalogue)(context)
    assert isinstance(asked, dg.RunRequest)
    assert asked.asset_selection == [TABLE, HISTORY, CHANGES]
    assert build_table_here(instance, catalogue).error is None
    assert why_outdated(instance, catalogue) is None
    kept(site.places, site.places.changes).unlink()
    lost = f"what was kept of its past is gone ({site.places.told(site.places.changes)}); a build"
    assert str(why_outdated(instance, catalogue)).startswith(lost)


@pytest.mark.processes
@pytest.mark.parametrize("name", ["history", "changes"])
def test_a_past_that_is_damaged_is_told_before_anything_is_new_and_begun_anew(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, run: Run, name: str
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    path = getattr(site.places, name)
    file, told = kept(site.places, path), site.places.told(path)
    for harmed in (b"junk" * 100, file.read_bytes()[:-1], b""):
        file.write_bytes(harmed)
        damage = f"is damaged ({told} does not end as a Parquet file does); a build sets it aside"
        status = " ".join(run("status", NAME).out.split())
        assert "the table is not of today: what was kept of its past " + damage in status
        assert f"Amiss: {NAME}: what was kept of its past {damage}" in run("doctor").out
        shown = " ".join(run("changes", NAME).err.split())
        assert f"Error: {told} cannot be read: " in shown
        assert "Put a copy of it back, if there is one; else the next build" in shown
        assert damage in str(why_outdated(instance, catalogue))
        answer = run("run", NAME)
        assert (answer.code, "cannot be read" in answer.out) == (0, True)
        assert why_outdated(instance, catalogue) is None
        assert run("changes", NAME).code == 0
        assert "Amiss: " + NAME not in run("doctor").out


@pytest.mark.processes
@pytest.mark.parametrize("name", ["history", "changes"])
def test_a_whole_file_of_something_else_in_the_place_of_a_past_is_damage(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, run: Run, name: str
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    places = site.places
    file, told = kept(places, getattr(places, name)), places.told(getattr(places, name))
    (other,) = {places.history, places.changes} - {getattr(places, name)}
    for wrong in (places.table, other):
        file.write_bytes(kept(places, wrong).read_bytes())
        damage = f"is damaged ({told} does not hold the {name}); a build sets it aside"
        assert damage in " ".join(run("status", NAME).out.split())
        assert damage in str(why_outdated(instance, catalogue))
        shown = run("changes", NAME)
        if name == "changes":
            assert (shown.code, f"{told} cannot be read: it " in shown.err) == (1, True)
        answer = run("run", NAME)
        assert (answer.code, f"{name}.parquet cannot be read (it " in answer.out) == (0, True)
        assert why_outdated(instance, catalogue) is None
        assert run("changes", NAME).code == 0


@pytest.mark.processes
@pytest.mark.parametrize("name", ["history", "changes"])
def test_a_past_that_is_of_another_build_is_told_before_anything_is_new_and_by_the_next_build(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, run: Run, name: str
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    path = getattr(site.places, name)
    file, told = kept(site.places, path), site.places.told(path)
    before = file.read_bytes()
    for price in ("1.50", "1.75"):
        pages.write({1: listing(1, price, "2.00")})
        _crawl(instance, catalogue)
    right = file.read_bytes()
    file.write_bytes(before)
    other = f"what is kept of its past is not what the last build left ({told} is not of it)"
    assert f"not of today: {other}" in " ".join(run("status", NAME).out.split())
    assert f"Amiss: {NAME}: {other}" in run("doctor").out
    assert other in str(why_outdated(instance, catalogue))
    for command in (("changes", NAME), ("changes", NAME, "--since", "1s"), ("report", NAME)):
        answer = run(*command)
        assert f"Note: {NAME}: {other}" in " ".join((answer.out + answer.err).split())
        assert answer.code == (1 if command[0] == "changes" else 0)
    assert other in html.unescape(kept(site.places, site.places.report).read_text())
    file.write_bytes(right)
    assert why_outdated(instance, catalogue) is None
    assert (run("changes", NAME).code, run("changes", NAME).err) == (0, "")
    assert other not in run("report", NAME).out
    assert "Amiss: " + NAME not in run("doctor").out
    file.write_bytes(before)
    answer = run("run", NAME)
    assert answer.code == 0
    assert "changes (build 4): 0 new, 0 gone, 0 returned, 0 changed products" in answer.out
    said = " ".join(answer.out.split())
    assert f"{name}.parquet has been put back from before: it ends with build 1, of " in said
    assert "and build 3 was the last" in said
    assert why_outdated(instance, catalogue) is None
    pages.write({1: listing(1, "2.75", "2.00")})
    after = run("run", NAME, "--refresh", "--json").json["changes"]
    assert (after["build"], after["changed"], after["notes"]) == (5, 1, [])


@pytest.mark.processes
def test_a_past_that_is_gone_is_told_as_one_that_is_damaged(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance, run: Run
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    pages.write({1: listing(1, "1.50", "2.00")})
    _crawl(instance, catalogue)
    file, told = kept(site.places, site.places.history), site.places.told(site.places.history)
    content = file.read_bytes()
    file.unlink()
    gone = f"what was kept of its past is gone ({told}); a build begins it anew, unless a copy of"
    assert f"not of today: {gone}" in " ".join(run("status", NAME).out.split())
    assert f"Amiss: {NAME}: {gone}" in run("doctor").out
    shown = run("changes", NAME)
    assert (shown.code, "Changes and periods are kept" in shown.err) == (1, False)
    assert f"Error: {told} is gone. Put a copy of it back" in " ".join(shown.err.split())
    file.write_bytes(content)
    assert why_outdated(instance, catalogue) is None
    file.unlink()
    kept(site.places, site.places.table).unlink()
    status = " ".join(run("status", NAME).out.split())
    assert f"the table {site.places.told(site.places.table)} is gone" in status
    assert gone in status
    told = run("run", NAME, "--json").json["changes"]
    assert (told["build"], told["notes"]) == (3, ["history.parquet is gone, and a new one begins"])


@pytest.mark.processes
def test_a_failed_page_keeps_products_from_being_absent(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    catalogue = pages.describe(site, {"price": PRICE}, history={"absent_after": 1})
    _crawl(instance, catalogue)
    del pages.bodies["/products?page=2"]
    pages.write({1: listing(1, "1.00")})
    _crawl(instance, catalogue)
    told = _metadata(instance, CHANGES)
    assert told["gone"] == 0
    assert "counts as absent: 1 of 2 pages not done, or not in use" in told["notes"][0]
    pages.write({2: listing(2, "3.00", "4.00")})
    _crawl(instance, catalogue)
    assert _metadata(instance, CHANGES)["gone"] == 1


@pytest.mark.processes
def test_each_build_has_the_same_numbers_so_that_the_web_ui_plots_them(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    catalogue = pages.describe(site, {"price": PRICE}, history=True)
    _crawl(instance, catalogue)
    _crawl(instance, catalogue)
    for key, expected in {
        TABLE: {"dagster/row_count", "coverage", "price_median", "price_median_EUR"},
        HISTORY: {"dagster/row_count", "open_periods", "absent"},
        CHANGES: {"dagster/row_count", "new", "gone", "changed", "price_fell", "price_rose"},
    }.items():
        builds = [
            {name for name, told in record.asset_materialization.metadata.items()
             if isinstance(told.value, int | float)}
            for record in instance.fetch_materializations(key, limit=2).records
            if record.asset_materialization
        ]  # fmt: skip
        assert len(builds) == 2
        assert builds[0] == builds[1] >= expected


@pytest.mark.processes
def test_the_preview_of_changes_is_harmless(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    catalogue = pages.describe(site, {"text": {"select": "i"}}, history=True)
    _crawl(instance, catalogue)
    texts = [html.escape(text.replace("\x00", "")) for text in HOSTILE.values()]
    pages.write({1: listing(1, *texts[:15]), 2: listing(2, *texts[15:])})
    _crawl(instance, catalogue)
    preview = _metadata(instance, CHANGES)["preview"]
    shown = MarkdownIt("gfm-like", {"linkify": True}).render(preview)
    assert not re.search(r"<(a|img|em|strong|s|h1|pre)\b", shown)
    assert shown.count("<tr>") == 1 + 20


@pytest.mark.processes
def test_the_preview_of_changes_says_what_products_are_called(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=2, key="url", history=True)
    _crawl(instance, catalogue)
    site.shop.control(day=5)
    _crawl(instance, catalogue)
    preview = _metadata(instance, CHANGES)["preview"]
    heading, _, *rows = [line for line in preview.splitlines() if line.startswith("|")]
    assert heading.startswith("| name | url | change |")
    table = pd.read_parquet(site.places.table)
    titles = {
        as_markdown(url): as_markdown(title)
        for url, title in zip(table["url"], table["name"], strict=True)
    }
    cells = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    named = {cell[1]: cell[0].removeprefix("| ") for cell in cells if cell[1] in titles}
    assert named
    assert named == {url: titles[url] for url in named}


@pytest.mark.processes
def test_run_tells_the_changes_in_a_line(site: Site, pages: WrittenSite, run: Run):
    pages.describe(site, {"price": PRICE}, history=True)
    first = run("run", NAME)
    assert "changes (build 1): 0 new, 0 gone, 0 returned, 0 changed products" in first.out
    assert "the history begins with this build" in first.out
    pages.write({1: listing(1, "1.50", "2.00")})
    second = run("run", NAME, "--refresh", "--json").json
    assert (second["changes"]["build"], second["changes"]["changed"]) == (2, 1)
    assert "changes (build" not in run("run", NAME).out


LISTINGS = ("bags", "hats", "mugs")
DISCOVER = {"page": "/", "select": "nav a", "shrink": "40%"}


def _entrance(*listings: str) -> str:
    return "".join(f"<nav><a href='/c/{name}'>{name}</a></nav>" for name in listings)


def _show(site: WrittenSite, *products: str, **more: str) -> None:
    """Two products of each listing, the second of which only if it is named."""
    for number, name in enumerate(LISTINGS, start=1):
        second = ["2.00"] if f"{number}-2" in products else []
        site.bodies[f"/c/{name}?page=1"] = listing(number, "1.00", *second)
    site.bodies |= more


ALL = ("1-2", "2-2", "3-2")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("entrance", "why"),
    [
        ("<p>We are moving.</p>", "finds no link on the page"),
        (_entrance("bags"), "more than discover.shrink (40%) allows"),
        (None, "404"),
    ],
    ids=["names nothing", "names too few", "is not there"],
)
def test_while_not_all_listings_of_a_site_are_known_no_product_is_absent(
    site: Site, pages: WrittenSite, run: Run, entrance: str | None, why: str,
    instance: dg.DagsterInstance,
):  # fmt: skip
    pages.bodies = {"/": _entrance(*LISTINGS)}
    _show(pages, *ALL)
    rules = {"last_page": None, "pages": "open", "page_url": "/c/{listing}?page={page}"}
    kept = {"discover": DISCOVER, "history": {"absent_after": 1}}
    pages.describe(site, {"price": PRICE}, **rules, **kept)
    assert run("run", NAME, "--json").json["rows"] == 6
    del pages.bodies["/"]
    if entrance is not None:
        pages.bodies["/"] = entrance
    _show(pages, "1-2", "2-2")
    refreshed = run("run", NAME, "--refresh", "--json").json
    assert (refreshed["exit_code"], refreshed["rows"], refreshed["failed"]) == (1, 5, 0)
    told = _metadata(instance, CHANGES)
    assert (told["gone"], _metadata(instance, HISTORY)["absent"]) == (0, 0)
    assert "no product that was not found counts as absent" in told["notes"][0]
    assert why in told["notes"][0]
    pages.bodies["/"] = _entrance(*LISTINGS)
    assert run("run", NAME, "--refresh").code == 0
    told = _metadata(instance, CHANGES)
    assert (told["build"], told["gone"], told["notes"]) == (3, 1, [])
    pages.bodies["/"] = _entrance("bags", "hats")
    assert run("run", NAME, "--refresh").code == 0
    told = _metadata(instance, CHANGES)
    assert (told["gone"], told["notes"]) == (1, []), "the site has one listing less, and says so"


@pytest.mark.processes
def test_a_rule_by_which_nobody_has_asked_the_site_yet_makes_no_product_absent(
    site: Site, pages: WrittenSite, instance: dg.DagsterInstance
):
    pages.bodies = {"/": _entrance(*LISTINGS)}
    rules = {"last_page": 1, "page_url": "/c/{listing}?page={page}", "history": {"absent_after": 1}}

    def refresh(select: str, *, finds: bool, shown: Sequence[str]) -> dict[str, Any]:
        _show(pages, *shown)
        rule = {**DISCOVER, "select": select}
        catalogue = pages.describe(site, {"price": PRICE}, discover=rule, **rules)
        catalogue = with_known_pages(instance, catalogue)
        crawl_here(instance, catalogue, catalogue.pages, datetime.now(timezone.utc), finds=finds)
        assert build_table_here(instance, catalogue).error is None
        return _metadata(instance, CHANGES)

    refresh("nav a", finds=True, shown=ALL)
    told = refresh("nav > a", finds=False, shown=["1-2", "2-2"])
    assert told["gone"] == 0
    assert "were discovered by another discover of the YAML" in told["notes"][0]
    assert refresh("nav > a", finds=True, shown=["1-2", "2-2"])["gone"] == 1


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["fixed", "open"])
def test_a_listing_that_is_not_all_known_keeps_products_of_the_others_from_being_absent(
    site: Site, pages: WrittenSite, run: Run, kind: str, instance: dg.DagsterInstance
):
    pages.bodies = {}
    _show(pages, *ALL)
    length = {"last_page": 1} if kind == "fixed" else {"pages": "open", "last_page": None}
    listings = {name: {"page_url": f"/c/{name}?page={{page}}"} for name in LISTINGS}
    kept = {"listings": listings, "page_url": [], "history": {"absent_after": 1}}
    pages.describe(site, {"price": PRICE}, **length, **kept)
    assert run("run", NAME, "--json").json["rows"] == 6
    _show(pages, "2-2", "3-2")
    whole = pages.bodies.pop("/c/mugs?page=1")
    pages.answers["/c/mugs?page=1"] = lambda headers: (500, {}, "")
    assert run("run", NAME, "--refresh").code == 1
    told = _metadata(instance, CHANGES)
    assert told["gone"] == 0
    assert "counts as absent" in told["notes"][0]
    pages.answers.clear()
    pages.bodies["/c/mugs?page=1"] = whole
    assert run("run", NAME, "--refresh").code == 0
    assert _metadata(instance, CHANGES)["gone"] == 1


@pytest.mark.processes
@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"listings": list(LISTINGS)}, {"listings": ["bags", "hats"]}),
        ({"discover": {**DISCOVER, "pattern": "^/c/([a-z]+)$"}},
         {"discover": {**DISCOVER, "pattern": "^/c/([^m]+)$"}}),
    ],
    ids=["listings", "discover"],
)  # fmt: skip
def test_listings_that_the_yaml_names_no_longer_and_names_again_change_no_product(
    site: Site, pages: WrittenSite, run: Run, wide: dict[str, Any], narrow: dict[str, Any]
):
    pages.bodies = {"/": _entrance(*LISTINGS)}
    _show(pages, *ALL)
    rules = {"last_page": None, "pages": "open", "page_url": "/c/{listing}?page={page}"}
    kept: dict[str, Any] = {**rules, "history": {"absent_after": 1}}
    pages.describe(site, {"price": PRICE}, **kept, **wide)
    assert run("run", NAME, "--json").json["rows"] == 6
    pages.describe(site, {"price": PRICE}, **kept, **narrow)
    narrowed = run("run", NAME)
    assert "2 products on pages that the YAML no longer names" in narrowed.out
    assert run("run", NAME, "--refresh", "--json").json["rows"] == 4
    pages.describe(site, {"price": PRICE}, **kept, **wide)
    assert run("run", NAME, "--refresh", "--json").json["rows"] == 6
    assert pd.read_parquet(site.places.changes).empty
    past = pd.read_parquet(site.places.history)
    ended = past[past["closed_as"].notna()]
    assert (set(ended["page"]), set(ended["closed_as"])) == ({"mugs-1"}, {"narrowed"})
    assert set(past["opened_as"]) == {"first", "widened"}
