"""Many crawls of the practice shop, each killed at a random instant and resumed.

    python -m catalog_pipeline_tests.chaos --crawls 100 --seed 7
    python -m catalog_pipeline_tests.chaos --workers 100
    python -m catalog_pipeline_tests.chaos --listing linked --crawls 20
    python -m catalog_pipeline_tests.chaos --profile postgres --crawls 20
    python -m catalog_pipeline_tests.chaos --profile hosts --crawls 30

With `--listing` one crawl of 300 pages that finds them so is killed as often as `--crawls` says,
with `--workers` single worker processes are killed while their crawl goes on. All of it on one
machine with its files (`embedded`), with its instance in PostgreSQL (`postgres`), or with its pages
and tables in a bucket, too (`bucket`). On `hosts` three machines crawl a catalogue at once, and one
of them is killed, or stands still for a minute. Ends with 0 if nothing was lost, doubled, or
downloaded again although it was stored. How one crawl is killed and judged belongs in `crash`.
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
from catalog_pipeline_tests.crash.killed_hosts import crawl_with_a_dead_host, measure_crawl
from catalog_pipeline_tests.crash.killed_listing import kill_a_listing
from catalog_pipeline_tests.crash.killed_workers import crawl_with_killed_workers
from catalog_pipeline_tests.crash.profiles import EMBEDDED, NAMES, Profile, opened
from catalog_pipeline_tests.crash.scene import FOUND

LISTING_PAGES = 300
STILL_SECONDS = 60.0
"""How long a machine stands still that does."""


def run_chaos(
    crawls: int,
    seed: int,
    folder: Path,
    *,
    jobs: int,
    is_shown: bool,
    pages: int = PAGES,
    profile: Profile = EMBEDDED,
) -> list[Verdict]:
    """Kill and resume so many crawls, a few at a time; the instants follow from the seed."""
    with ThreadPoolExecutor(jobs) as at_once:
        places = [folder / f"whole-{job}" for job in range(jobs)]
        lives = list(at_once.map(lambda place: measure_life(place, pages, profile), places))
        life = max(lives, key=lambda each: each.end)

        def one(number: int) -> Verdict:
            place = folder / str(number)
            verdict = kill_and_resume(place, Wish.drawn(number, seed), life, pages, profile)
            if is_shown:
                _show(_line(verdict), verdict.complaints)
            if not verdict.complaints:
                shutil.rmtree(place)
            return verdict

        return list(at_once.map(one, range(1, crawls + 1)))


def run_workers_chaos(
    kills: int, seed: int, folder: Path, *, is_shown: bool, profile: Profile = EMBEDDED
) -> list[str]:
    """Kill so many workers of as many crawls as that takes; returns what went wrong."""
    left, number, found = kills, 0, list[str]()
    in_flight = again = 0
    while left > 0:
        number += 1
        place = folder / str(number)
        verdict = crawl_with_killed_workers(place, number, seed, left, profile)
        left -= verdict.kills
        in_flight += verdict.in_flight
        again += verdict.downloaded_again
        found += [f"crawl {number}: {complaint}" for complaint in verdict.complaints]
        if is_shown:
            _show(
                f"{number:>4}  {verdict.kills} workers killed, in flight {verdict.in_flight}, "
                f"downloaded again {verdict.downloaded_again}",
                verdict.complaints,
            )
        if not verdict.complaints:
            shutil.rmtree(place)
    print(
        f"{kills} workers killed in {number} crawls; {in_flight} pages were in flight, {again} "
        f"downloaded again; {len(found)} promises broken"
    )
    return found


def run_hosts_chaos(
    crawls: int, seed: int, folder: Path, profile: Profile, still_seconds: float = 0.0
) -> list[str]:
    """Let a machine die in each of so many crawls; returns what went wrong.

    Of two crawls the files of one are in a bucket, if there is a store, and of the other in a
    folder that all machines have.
    """
    found, again, longest = list[str](), 0, 0.0
    for number in range(1, crawls + 1):
        place = folder / str(number)
        engines = profile if number % 2 else Profile(profile.postgres)
        verdict = crawl_with_a_dead_host(place, number, seed, engines, still_seconds)
        found += [f"crawl {number}: {complaint}" for complaint in verdict.complaints]
        again += verdict.downloaded_again
        longest = max(longest, verdict.seconds)
        _show(
            f"{number:>4}  {verdict.what} after {verdict.asked_before} requests, downloaded "
            f"again {verdict.downloaded_again}, {verdict.seconds:.0f} s",
            verdict.complaints,
        )
        if not verdict.complaints:
            shutil.rmtree(place)
    print(
        f"{crawls} machines died; {again} pages downloaded again; {longest:.0f} s at the most; "
        f"{len(found)} promises broken"
    )
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
    return f"{line}in flight {verdict.in_flight:>3}, downloaded again {verdict.downloaded_again:>3}"


def _show(line: str, complaints: Sequence[str]) -> None:
    print("\n      BROKEN: ".join([line, *complaints]), flush=True)


def main() -> int:
    """Entry: returns 0 if every promise held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crawls", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--jobs", type=int, default=2, help="crawls at the same time")
    parser.add_argument("--listing", choices=sorted(FOUND), help="a listing whose pages are found")
    parser.add_argument("--workers", type=int, help="kill so many single workers instead")
    parser.add_argument("--profile", choices=NAMES, default=NAMES[0], help="on which engines")
    options = parser.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}, {PAGES} pages, {LATENCY_MS} ms latency, {options.profile}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with opened(options.profile) as profile:
        broken = _broken(options, seed, folder, profile)
    if broken:
        print(f"What is left of the broken crawls is in {folder}; the seed is {seed}.")
        return 1
    shutil.rmtree(folder)
    return 0


def _broken(
    options: argparse.Namespace, seed: int, folder: Path, profile: Profile
) -> Sequence[str]:
    """The promises that were broken, of what was asked for, all of which is told."""
    if options.profile == "hosts":
        print(f"undisturbed: {measure_crawl(folder / 'undisturbed', profile):.0f} s", flush=True)
        return run_hosts_chaos(options.crawls, seed, folder, profile, STILL_SECONDS)
    if options.workers:
        return run_workers_chaos(options.workers, seed, folder, is_shown=True, profile=profile)
    if options.listing:
        kills = options.crawls
        broken = kill_a_listing(folder, options.listing, LISTING_PAGES, kills, seed, profile)
        told = f"{kills} kills of a {options.listing} listing of {LISTING_PAGES} pages"
        print(*broken, f"{told}; {len(broken)} promises broken", sep="\n")
        return broken
    started = time.monotonic()
    verdicts = run_chaos(
        options.crawls, seed, folder, jobs=options.jobs, is_shown=True, profile=profile
    )
    print(summary(verdicts))
    print(f"{'seconds':<48}{time.monotonic() - started:>8.0f}")
    return [complaint for verdict in verdicts for complaint in verdict.complaints]


if __name__ == "__main__":
    sys.exit(main())
