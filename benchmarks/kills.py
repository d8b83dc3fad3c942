"""`python -m benchmarks.kills`: the same kills for every crawler, and what each makes of it.

    python -m benchmarks.kills --kills 100 --only ours,scrapy --seed 7

Each crawl is killed once, by SIGKILL of its process group at a random instant between its first
page and its end, and started again once by the same command, as the crawler's documentation says.
How that is done, and judged, belongs in `killed`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from benchmarks import machine, peers_environment, report, server_process
from benchmarks.killed import Contestant, Outcome, Trial, kill_and_restart, life_of
from benchmarks.lines import Job, Line
from benchmarks.measure import Command
from benchmarks.ours import CATALOGUE, OUR_LINE, command, environment, prepare
from benchmarks.peer_lines import PEER_LINES
from catalog_pipeline_tests.crash.killed_crawl import Life

HEADINGS = (
    "Crawler",
    "Kills",
    "Pages never downloaded",
    "Rows lost",
    "Rows doubled",
    "Pages downloaded again",
    "Restarts that needed a hand",
    "Restart, median s",
    "Wrong in the end",
    "What it said then",
)


def _ours(job: Job) -> Command:
    """As somebody types it, not as a machine reads it."""
    if not (job.folder / "defs").exists():
        prepare(job)
    run = command("run", CATALOGUE, "--base-url", job.base_url)
    return Command(run, environment(job.folder))


def _mend_lines(job: Job) -> bool:
    """Take out of a feed what is no row."""
    path = job.folder / "rows.jsonl"
    if not path.exists():
        return False
    lines = path.read_text(errors="replace").splitlines(keepends=True)
    rows = [line for line in lines if _is_row(line)]
    path.write_text("".join(rows))
    return len(rows) < len(lines)


def _is_row(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


_PEERS = {line.name: line for line in PEER_LINES}
_OURS = Line(OUR_LINE.name, OUR_LINE.title, _ours, OUR_LINE.rows, OUR_LINE.durable)
CONTESTANTS = (
    Contestant(_OURS, r"^bench: pages .*"),
    Contestant(_PEERS["scrapy"], r"Spider closed .*", _mend_lines),
    Contestant(_PEERS["scrapy-sqlite"], r"Spider closed .*", _mend_lines),
    Contestant(_PEERS["crawlee"], r"Final request statistics|Error: .*"),
    Contestant(_PEERS["crawlee-sql"], r"Final request statistics|Error: .*"),
    Contestant(_PEERS["dbos"], r"^\d+ rows$"),
    Contestant(_PEERS["loop-wal"], r"^.+Error.*"),
)


def options() -> argparse.Namespace:
    """What the command line asks for."""
    names = ",".join(each.line.name for each in CONTESTANTS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of each crawler")
    parser.add_argument("--only", default=names, help="crawlers")
    parser.add_argument("--pages", type=int, default=250)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency-ms", type=float, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="crawls at the same time")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--name", default="kills", help="of the report's files")
    parser.add_argument("--with", dest="others", default="", help="reports to add, by name")
    return parser.parse_args()


def chosen(names: str) -> list[Contestant]:
    """The crawlers of that comma-separated list."""
    known = {each.line.name: each for each in CONTESTANTS}
    unknown = set(names.split(",")) - set(known)
    if unknown:
        raise SystemExit(f"no such crawler: {', '.join(unknown)}; known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def all_outcomes(
    contestants: Sequence[Contestant], trial: Trial, kills: int, seed: int, jobs: int
) -> Iterator[Outcome]:
    """Kill each of them so often, in turn; the instants are the same for all."""
    lives: dict[str, Life] = {}
    for each in contestants if kills else ():
        lives[each.line.name] = life_of(each, trial)
        print(f"{each.line.name}: {lives[each.line.name]}", file=sys.stderr, flush=True)
    with ThreadPoolExecutor(jobs) as at_once:
        killed = [
            at_once.submit(
                kill_and_restart,
                each,
                trial,
                lives[each.line.name],
                random.Random(f"{seed}/{number}").random(),
            )
            for number in range(kills)
            for each in contestants
        ]
        try:
            for done in as_completed(killed):
                yield done.result()
        except KeyboardInterrupt:
            # What was killed until then is told.
            at_once.shutdown(cancel_futures=True)


def table(contestants: Sequence[Contestant], outcomes: Sequence[Outcome]) -> str:
    """What became of the crawls, a line for each crawler."""
    rule = ["---", *["--:"] * (len(HEADINGS) - 2), "---"]
    lines = [report.table_line(HEADINGS), report.table_line(rule)]
    for each in contestants:
        its = [outcome for outcome in outcomes if outcome.name == each.line.name]
        lines.append(report.table_line(_cells(each.line.title, its)))
    return "\n".join(lines) + "\n"


def kept_outcomes(name: str) -> list[Outcome]:
    """The outcomes of an earlier report."""
    kept = json.loads((report.RESULTS / f"{name}.json").read_text())["outcomes"]
    return [Outcome(**{**each, "hands": tuple(each["hands"])}) for each in kept]


def keep(
    name: str,
    contestants: Sequence[Contestant],
    outcomes: Sequence[Outcome],
    facts: Mapping[str, str],
) -> Path:
    """Write the report as it is until now."""
    text = table(contestants, outcomes)
    text += "\n" + "".join(f"- {fact}: {value}\n" for fact, value in facts.items())
    kept = {"machine": dict(facts), "outcomes": [asdict(each) for each in outcomes]}
    return report.write(name, text, kept)


def _cells(title: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    killed = [each for each in outcomes if each.phase != "over"]
    yield title
    yield str(len(killed))
    for name in ("never_downloaded", "lost", "doubled", "downloaded_again"):
        yield f"{sum(getattr(each, name) for each in killed):,}"
    yield str(sum(bool(each.hands) for each in killed))
    seconds = [each.restart_seconds for each in killed]
    yield f"{statistics.median(seconds):.0f}" if seconds else ""
    yield str(sum(each.is_wrong for each in killed))
    # Of what came out wrong, if anything did: whoever reads it has to know.
    told = Counter(each.said for each in killed if each.is_wrong) or Counter(
        each.said for each in killed
    )
    yield "; ".join(f"{said} ({count} times)" for said, count in told.most_common(2))


def main() -> int:
    """Kill, print and keep the table; 1 if a crawl of ours came out wrong or needed a hand."""
    asked = options()
    seed = random.randrange(1_000_000) if asked.seed is None else asked.seed
    contestants = chosen(asked.only)
    peers_environment.install()
    server_process.build()
    trial = Trial(asked.pages, asked.concurrency, asked.latency_ms)
    facts = machine.description(server_process.FOLDER)
    facts["kills"] = (
        f"SIGKILL of the group, seed {seed}; {trial.pages} pages, concurrency "
        f"{trial.concurrency}, {trial.latency_ms:g} ms latency, {asked.jobs} crawls at a time"
    )
    outcomes = [each for name in asked.others.split(",") if name for each in kept_outcomes(name)]
    for outcome in all_outcomes(contestants, trial, asked.kills, seed, asked.jobs):
        outcomes.append(outcome)
        print(outcome, file=sys.stderr, flush=True)
        keep(asked.name, contestants, outcomes, facts)
    print(
        f"{table(contestants, outcomes)}\nkept as {keep(asked.name, contestants, outcomes, facts)}"
    )
    ours = [each for each in outcomes if each.name == OUR_LINE.name]
    return int(any(each.is_wrong or each.hands for each in ours))


if __name__ == "__main__":
    sys.exit(main())
