"""Many crawls of the practice shop, each killed at a random instant and resumed.

    python -m catalog_pipeline_tests.chaos --crawls 100 --seed 7
    python -m catalog_pipeline_tests.chaos --workers 100
    python -m catalog_pipeline_tests.chaos --listing linked --crawls 20
    python -m catalog_pipeline_tests.chaos --hosts 30

With `--listing` one crawl of 300 pages that finds them so is killed as often as `--crawls` says.
With `--workers` single worker processes are killed while their crawl goes on, with `--hosts` one of
three machines that crawl a catalogue at once, on PostgreSQL, in so many crawls. Ends with 0 if
nothing was lost, doubled, or downloaded again although it was stored. How one crawl is killed and
judged belongs in `crash`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from catalog_pipeline_tests.crash.killed_crawl import (
    LATENCY_MS,
    PAGE_SIZE,
    PAGES,
    Verdict,
    Wish,
    kill_and_resume,
    measure_life,
)
from catalog_pipeline_tests.crash.killed_hosts import crawl_with_a_dead_host
from catalog_pipeline_tests.crash.killed_listing import kill_a_listing
from catalog_pipeline_tests.crash.killed_workers import crawl_with_killed_workers
from catalog_pipeline_tests.crash.scene import FOUND
from catalog_pipeline_tests.postgres_server import postgres_server

LISTING_PAGES = 300


def run_chaos(
    crawls: int, seed: int, folder: Path, *, jobs: int, is_shown: bool, pages: int = PAGES
) -> list[Verdict]:
    """Kill and resume so many crawls, a few at a time; the instants follow from the seed."""
    with ThreadPoolExecutor(jobs) as at_once:
        places = [folder / f"whole-{job}" for job in range(jobs)]
        lives = list(at_once.map(measure_life, places, [pages] * jobs))
        life = max(lives, key=lambda each: each.end)

        def one(number: int) -> Verdict:
            place = folder / str(number)
            verdict = kill_and_resume(place, Wish.drawn(number, seed), life, pages)
            if is_shown:
                print(_line(verdict), flush=True)
            if not verdict.complaints:
                shutil.rmtree(place)
            return verdict

        return list(at_once.map(one, range(1, crawls + 1)))


def run_workers_chaos(kills: int, seed: int, folder: Path, *, is_shown: bool) -> list[str]:
    """Kill so many workers of as many crawls as that takes; returns what went wrong."""
    left, number, found = kills, 0, list[str]()
    in_flight = again = 0
    while left > 0:
        number += 1
        place = folder / str(number)
        verdict = crawl_with_killed_workers(place, number, seed, left)
        left -= verdict.kills
        in_flight += verdict.in_flight
        again += verdict.downloaded_again
        found += [f"crawl {number}: {complaint}" for complaint in verdict.complaints]
        if is_shown:
            print(
                f"{number:>4}  {verdict.kills} workers killed, in flight {verdict.in_flight}, "
                f"downloaded again {verdict.downloaded_again}",
                *(f"BROKEN: {complaint}" for complaint in verdict.complaints),
                sep="\n      ",
                flush=True,
            )
        if not verdict.complaints:
            shutil.rmtree(place)
    print(
        f"{kills} workers killed in {number} crawls; {in_flight} pages were in flight, {again} "
        f"downloaded again; {len(found)} promises broken"
    )
    return found


def run_hosts_chaos(crawls: int, seed: int, folder: Path) -> list[str]:
    """Let a machine die in each of so many crawls; returns what went wrong."""
    found, again = list[str](), 0
    with postgres_server() as server:
        for number in range(1, crawls + 1):
            place = folder / str(number)
            verdict = crawl_with_a_dead_host(place, number, seed, server.new_database())
            found += [f"crawl {number}: {complaint}" for complaint in verdict.complaints]
            again += verdict.downloaded_again
            print(
                f"{number:>4}  {verdict.what} after {verdict.asked_before} requests, downloaded "
                f"again {verdict.downloaded_again}",
                *(f"BROKEN: {complaint}" for complaint in verdict.complaints),
                sep="\n      ",
                flush=True,
            )
            if not verdict.complaints:
                shutil.rmtree(place)
    print(f"{crawls} machines died; {again} pages downloaded again; {len(found)} promises broken")
    return found


def summary(verdicts: Sequence[Verdict]) -> str:
    """The figures of all crawls as a table."""
    phases = Counter(phase for verdict in verdicts for phase in verdict.phases)
    kills = phases.total() - phases["over"]
    rows = [
        ("crawls", len(verdicts)),
        (f"pages of each crawl, {PAGE_SIZE} products per page", PAGES),
        ("kills (SIGKILL)", kills),
        *((f"  during: {phase}", count) for phase, count in sorted(phases.items())
          if phase != "over"),
        ("commands that ended before their kill", phases["over"]),
        ("pages in flight at the kills", sum(verdict.in_flight for verdict in verdicts)),
        ("pages downloaded again", sum(verdict.downloaded_again for verdict in verdicts)),
        ("runs to complete them", sum(verdict.resumes for verdict in verdicts)),
        ("crawls with a broken promise", sum(bool(verdict.complaints) for verdict in verdicts)),
    ]  # fmt: skip
    return "\n".join(f"{name:<48}{number:>8}" for name, number in rows)


def _line(verdict: Verdict) -> str:
    line = f"{verdict.wish.number:>4}  {verdict.wish.victims:<8}{', '.join(verdict.phases):<36}"
    line += f"in flight {verdict.in_flight:>3}, downloaded again {verdict.downloaded_again:>3}"
    return "\n      BROKEN: ".join([line, *verdict.complaints])


def main() -> int:
    """Entry: returns 0 if every promise held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crawls", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--jobs", type=int, default=2, help="crawls at the same time")
    parser.add_argument("--listing", choices=sorted(FOUND), help="a listing whose pages are found")
    parser.add_argument("--workers", type=int, help="kill so many single workers instead")
    parser.add_argument("--hosts", type=int, help="let a machine die in so many crawls instead")
    options = parser.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}, {PAGES} pages, {LATENCY_MS} ms latency", flush=True)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    if options.workers:
        broken = run_workers_chaos(options.workers, seed, folder, is_shown=True)
        return 1 if broken else 0
    if options.hosts:
        return 1 if run_hosts_chaos(options.hosts, seed, folder) else 0
    if options.listing:
        kills = options.crawls
        broken = kill_a_listing(folder, options.listing, LISTING_PAGES, kills, seed)
        print(
            *broken,
            f"{kills} kills of a {options.listing} listing of {LISTING_PAGES} pages; "
            f"{len(broken)} promises broken",
            sep="\n",
        )
        return 1 if broken else 0
    verdicts = run_chaos(options.crawls, seed, folder, jobs=options.jobs, is_shown=True)
    print(summary(verdicts))
    print(f"{'seconds':<48}{time.monotonic() - started:>8.0f}")
    if any(verdict.complaints for verdict in verdicts):
        print(f"What is left of the broken crawls is in {folder}; the seed is {seed}.")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
