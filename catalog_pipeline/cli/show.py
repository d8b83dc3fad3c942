"""`catalog-pipeline show`: what is stored of one page, for people who want to see it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from pathlib import Path

import click

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import check_page
from catalog_pipeline.cli.inert_page import inert_page
from catalog_pipeline.cli.kept_pages import kept_of
from catalog_pipeline.cli.options import PAGE, complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import UsageError
from catalog_pipeline.records import FailedAnswer
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.wording import counted


@dataclass(frozen=True)
class _Shown:
    """One answer of the site."""

    what: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@click.command()
@click.argument("catalogue", shell_complete=complete_names)
@click.option("--page", type=PAGE, required=True, help="The page.")
@click.option("--html", is_flag=True, help="Print the body as it came.")
@click.option("--headers", is_flag=True, help="Print status and headers.")
@click.option("--open", "in_browser", is_flag=True, help="Open the body in the browser.")
@json_option
def command(
    catalogue: str, page: PageKey, html: bool, headers: bool, in_browser: bool, as_json: bool
) -> int:
    """Show what is stored of a page of CATALOGUE: the answer that it failed with, if it did last,
    or else the page."""
    described = load_catalogue(catalogue)
    check_page(described, page)
    failed, stored = kept_of(described, page)
    found = [*([_of_failure(failed)] if failed else []), *([_of_page(stored)] if stored else [])]
    shown = found[0]
    if html:
        _print_body(shown.body)
    elif in_browser:
        of_page = {name.lower(): value for name, value in shown.headers}
        inert = inert_page(shown.body, of_page.get("content-type"), described.encoding, shown.url)
        _open(inert, f"{catalogue}-{page}")
    elif as_json:
        print(json.dumps([_as_json(each) for each in found]))
    elif headers:
        say(f"{shown.status} {shown.url}")
        for name, value in shown.headers:
            say(f"{name}: {value}")
    else:
        for each in found:
            say(f"{each.what}: {each.status} {each.url}, {counted(len(each.body), 'byte')}")
        say(f"More of the first: catalog-pipeline show {catalogue} --page {page} --html, --headers")
    return 0


def _of_failure(answer: FailedAnswer) -> _Shown:
    return _Shown("failed answer", answer.url, answer.status, answer.headers, answer.body)


def _of_page(file: PageFile) -> _Shown:
    record = file.record
    known = {
        "Content-Type": record.content_type,
        "ETag": record.etag,
        "Last-Modified": record.last_modified,
    }
    headers = tuple((name, value) for name, value in known.items() if value is not None)
    what = f"stored page of {record.fetched_at:%Y-%m-%d %H:%M:%S} UTC, "
    what += counted(record.rows, "product")
    return _Shown(what, record.url, record.http_status, headers, file.body)


def _print_body(body: bytes) -> None:
    """Byte by byte into a file or pipe; on a terminal as characters that do nothing to it."""
    if sys.stdout.isatty():
        say(body.decode("utf-8", errors="replace"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _open(content: bytes, name: str) -> None:
    """Let the browser show a file.

    Raises:
        UsageError: there is no browser.
    """
    handle, path = tempfile.mkstemp(prefix=f"{name}-", suffix=".html")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    if not webbrowser.open(Path(path).as_uri()):
        raise UsageError(f"There is no browser to open {path} with.")


def _as_json(shown: _Shown) -> dict[str, object]:
    return {
        "what": shown.what,
        "url": shown.url,
        "status": shown.status,
        "headers": dict(shown.headers),
        "bytes": len(shown.body),
    }
