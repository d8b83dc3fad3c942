"""A site that sends back the token of its login: nobody sees it, and it is said that it did."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, QUICK, Site
from catalog_pipeline_tests.written_site import Answer, WrittenSite, listing, written_site

pytestmark = pytest.mark.processes

TOKEN = 't0k/en+"8f3a&9c<1d2e4b5a6978"'
FORMS = (
    TOKEN,
    quote(TOKEN, safe=""),
    json.dumps(TOKEN)[1:-1],
    base64.b64encode(TOKEN.encode()).decode(),
    TOKEN.encode().hex(),
)
PRODUCT = '<li><b>{sku}</b><i>{price}</i><u>{name}</u><a href="{link}">x</a></li>'
FIELDS = {
    "price": {"select": "i", "type": "money", "currency": "EUR"},
    "name": {"select": "u"},
    "link": {"select": "a", "attribute": "href", "type": "url"},
}


def _page(
    sku: str, *, price: str = "1.00", name: str = "n", link: str = "/p", title: str = ""
) -> str:
    head = f"<!doctype html><meta charset=utf-8><title>{title}</title>"
    return head + PRODUCT.format(sku=sku, price=price, name=name, link=link)


def _echoes() -> dict[int, Answer]:
    """By page: where the site puts the token that it was sent."""
    return {
        1: _echo(lambda t: (200, {}, _page("a", name=f"it is {t}", link=f"/p?t={quote(t)}"))),
        2: _echo(lambda t: (200, {}, _page("b", price=t, title=t))),
        3: _echo(lambda t: (302, {"Location": f"/gone?t={quote(t, safe='')}"}, "")),
        4: _echo(lambda t: (200, {"ETag": f'"{quote(t)}"', "Last-Modified": t}, _page("d"))),
        5: _echo(lambda t: (200, {"Content-Type": f"text/{t}"}, _page("e"))),
        6: _echo(lambda t: (200, {"Content-Type": f"text/html; x={quote(t)}"}, _page("f"))),
        7: _echo(lambda t: (200, {}, f"<title>{t}</title><p>{base64.b64encode(t.encode())!r}")),
        8: _echo(lambda t: (302, {"Location": f"/products?page=8&t={quote(t)}"}, "")),
        9: _echo(lambda t: (302, {"Location": f"http://{t.encode().hex()}.example/"}, "")),
    }


def _echo(made: Callable[[str], tuple[int, dict[str, str], str]]) -> Answer:
    return lambda headers: made(headers["Authorization"].removeprefix("Bearer "))


@pytest.fixture
def echoing(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[WrittenSite]:
    """A site of nine pages, each of which sends the token back in another way."""
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    with written_site() as made:
        made.write({page: listing(page) for page in range(1, 10)})
        made.answers = {f"/products?page={page}": answer for page, answer in _echoes().items()}
        for safe in ("", "/"):
            there = f"/products?page=8&t={quote(TOKEN, safe=safe)}"
            made.answers[there] = lambda h: (200, {}, _page("h"))
        login = {"kind": "bearer", "token_env": "SHOP_TOKEN"}
        made.describe(site, FIELDS, login=login)
        yield made


def _assert_clean(content: bytes, where: object) -> None:
    for form in FORMS:
        assert form.encode() not in content, where


def _assert_nothing_is_on_disk(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".page"]
    assert len(files) > 5
    for path in files:
        _assert_clean(path.read_bytes(), path)


def test_a_token_that_is_sent_back_is_seen_nowhere(
    site: Site, echoing: WrittenSite, run: Run, instance: dg.DagsterInstance, tmp_path: Path
):
    for arguments in (
        ("run", NAME),
        ("run", NAME, "--refresh", "--json"),
        ("run", NAME, "--reparse"),
        ("status", NAME, "--failed"),
        ("status", NAME, "--failed", "--json"),
        *(("try", NAME, "--page", str(page)) for page in range(1, 10)),
    ):
        answer = run(*arguments)
        _assert_clean((answer.out + answer.err).encode(), arguments)
        seen = (answer.out + answer.err).replace(r"\u2022", "•")
        assert "•••" in seen or arguments[-1] in set("34569"), arguments
    _assert_nothing_is_on_disk(tmp_path)

    catalogue = site.catalogue
    store = FolderStore(site.places.pages)
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    assert {PageKey(page) for page in (1, 4, 6, 8)} <= set(checkpoints)
    for stored in checkpoints.values():
        file = store.read(stored.record.page, stored.file_name, stored.sha256)
        _assert_clean(repr((file.record, file.columns)).encode(), stored)
    assert checkpoints[PageKey(4)].record.etag is None
    assert checkpoints[PageKey(4)].record.last_modified is None


def test_a_pause_of_robots_txt_that_is_a_secret_is_not_said(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHOP_PIN", "480615")
    with written_site() as made:
        made.write({1: _page("a"), 2: _page("b")})
        made.bodies["/robots.txt"] = "User-agent: *\nCrawl-delay: 480615\n"
        politeness = {**QUICK, "obey_robots": True}
        made.describe(site, FIELDS, cookies={"pin": {"env": "SHOP_PIN"}}, politeness=politeness)
        answer = run("run", NAME)
    assert answer.code == 1
    assert "asks for ••• seconds between two requests" in answer.out
    assert "480615" not in answer.out + answer.err


def test_hidden_cells_are_counted_and_told(
    site: Site, echoing: WrittenSite, run: Run, instance: dg.DagsterInstance
):
    answer = run("run", NAME, "--pages", "1,4")
    assert answer.code == 0
    assert "•••" in pd.read_parquet(site.places.table)["name"][0]
    assert "pages 1 sent back a secret" in " ".join(answer.err.split())
    messages = [
        entry.message for made in instance.get_runs() for entry in instance.all_logs(made.run_id)
    ]
    assert any("pages 1 sent back a secret" in message for message in messages)
