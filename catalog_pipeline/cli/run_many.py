"""`run` over several catalogues: one after the other on a site, side by side across sites.

Each catalogue is crawled by a command of its own, so that each keeps its lock, its exit code and
its way of being interrupted. Here: which goes after which, and one summary. Not here: the crawl of
one catalogue (`run`).
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.child_run import ChildRun, Ended, command_for
from catalog_pipeline.cli.exit_codes import EXIT_INTERRUPTED, worst_code
from catalog_pipeline.cli.failed_pages import KeptBodies, where_to_look
from catalog_pipeline.cli.grids import output_console
from catalog_pipeline.cli.run_summary import FAILURES_SHOWN
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.showing import as_line


@dataclass
class _Crawls:
    """The commands that are running, and how those ended that are over."""

    options: Sequence[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: list[ChildRun] = field(default_factory=list)
    ended: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    is_interrupted: bool = False

    def crawl(self, names: Iterable[str]) -> None:
        """Crawl catalogues of one site, one after the other."""
        for name in names:
            with self.lock:
                if self.is_interrupted:
                    return
                child = ChildRun(name, self.options)
                self.running.append(child)
            ended = child.wait()
            with self.lock:
                self.running.remove(child)
                self.ended[name] = ended.code, self._summary(name, ended)

    def interrupt(self) -> None:
        """Let those that are running end in order, and begin no other."""
        with self.lock:
            self.is_interrupted = True
            for child in self.running:
                child.interrupt()

    def summary(self, name: str) -> dict[str, Any]:
        """What one of the commands printed, or that it was not begun."""
        _, summary = self.ended.get(name, (EXIT_INTERRUPTED, None))
        return summary or self._without_summary(name, EXIT_INTERRUPTED, "it was not begun")

    def _summary(self, name: str, ended: Ended) -> dict[str, Any]:
        try:
            return dict(json.loads(ended.output))
        except ValueError:
            return self._without_summary(
                name, ended.code, ended.reason, can_go_on=not ended.has_said_why
            )

    def _without_summary(
        self, name: str, code: int, reason: str, *, can_go_on: bool = True
    ) -> dict[str, Any]:
        return {
            "catalogue": name,
            "error": reason,
            "interrupted": code == EXIT_INTERRUPTED,
            "resume": command_for(name, self.options) if can_go_on else None,
            "exit_code": code,
        }


def run_many(
    names: Sequence[str], options: Sequence[str], *, as_json: bool, is_quiet: bool = False
) -> int:
    """Crawl several catalogues; returns the worst of their exit codes.

    If it `is_quiet`, those of which nothing is amiss are not spoken of.
    """
    crawls = _Crawls(options)
    groups = _by_site(names).values()
    with ThreadPoolExecutor(len(groups)) as pool:
        pending: Iterable[Future[None]] = {pool.submit(crawls.crawl, group) for group in groups}
        while pending:
            try:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                say("Interrupting; the pages in flight are finished and recorded.", err=True)
                crawls.interrupt()
                continue
            for each in done:
                each.result()
    summaries = [crawls.summary(name) for name in dict.fromkeys(names)]
    if as_json:
        print(json.dumps(summaries))
    else:
        is_told = [each for each in summaries if not is_quiet or each.get("amiss", True)]
        _show(output_console(), is_told)
    codes = [code for code, _ in crawls.ended.values()]
    codes += [EXIT_INTERRUPTED] if crawls.is_interrupted else []
    return worst_code(codes)


def _by_site(names: Sequence[str]) -> Mapping[str, list[str]]:
    """The names by the site that is asked; one whose YAML has a mistake is on its own."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        try:
            groups[urlsplit(load_catalogue(name).base_url).netloc].append(name)
        except CatalogPipelineError:
            groups[name].append(name)
    return groups


def _show(console: Console, summaries: Sequence[Mapping[str, Any]]) -> None:
    for each in summaries:
        name = f"[bold]{escape(each['catalogue'])}[/bold]"
        if "error" in each:
            _show_lacking(console, name, each)
            continue
        refused = f", {each['refused']} more refused" if each["refused"] else ""
        rows = "no table" if each["rows"] is None else f"{each['rows']:,} rows"
        console.print(
            f"{name}: pages {each['done']} done, {each['failed']} failed, {each['missing']} "
            f"missing; {each['downloads']} downloads{refused}; {rows}",
            soft_wrap=True,
        )
        _show_failures(console, each)
        problems = [each["crawl_error"], each["table_error"]]
        problems += [*each["length"], *each["failed_checks"]]
        problems += [export["error"] for export in each["exports"]]
        problems += (each["notices"] or {}).get("problems", [])
        for problem in filter(None, problems):
            console.print(f"  {escape(as_line(problem))}", style="red", soft_wrap=True)
        if each["resume"]:
            left = "Interrupted. Go on with" if each["interrupted"] else "To try what is left"
            console.print(f"  {left}: {escape(each['resume'])}", soft_wrap=True)


def _show_lacking(console: Console, name: str, summary: Mapping[str, Any]) -> None:
    """Say of a catalogue without a summary why; what its command has said stands above."""
    told = summary["error"] if summary["resume"] else "it could not be crawled, as said above"
    console.print(f"{name}: [red]{escape(told)}[/red]", soft_wrap=True)
    if summary["resume"]:
        console.print(f"  Go on with: {escape(summary['resume'])}", soft_wrap=True)


def _show_failures(console: Console, summary: Mapping[str, Any]) -> None:
    name, failures = summary["catalogue"], summary["failures"]
    kept = KeptBodies(name)
    for failure in failures[:FAILURES_SHOWN]:
        console.print(f"  {escape(as_line(failure['error']))}", style="red", soft_wrap=True)
        page = PageKey.parse(str(failure["page"]))
        where = where_to_look(kept, page, is_stored=failure["of_stored_page"])
        if where:
            console.print(f"    {escape(where)}", soft_wrap=True)
    if len(failures) > FAILURES_SHOWN:
        more = len(failures) - FAILURES_SHOWN
        console.print(f"  … and {more} more: catalog-pipeline status {escape(name)} --failed")
