"""The short chaos test; the long one is `python -m catalog_pipeline_tests.chaos`."""

import random
from pathlib import Path

from catalog_pipeline_tests.chaos import run_chaos, run_hosts_chaos, run_workers_chaos, summary

CRAWLS = 10
PAGES = 100
WORKERS = 10


def test_crawls_killed_at_random_instants_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    verdicts = run_chaos(CRAWLS, seed, tmp_path, jobs=2, is_shown=False, pages=PAGES)
    print(f"seed {seed}")
    print(summary(verdicts))
    assert [(verdict.wish, verdict.complaints) for verdict in verdicts if verdict.complaints] == []
    assert len(verdicts) == CRAWLS
    assert sum(phase != "over" for verdict in verdicts for phase in verdict.phases) >= CRAWLS / 2


def test_workers_killed_at_random_instants_cost_no_more_than_what_they_had_in_flight(
    tmp_path: Path,
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    assert run_workers_chaos(WORKERS, seed, tmp_path, is_shown=True) == []


def test_of_three_machines_at_a_catalogue_one_may_die_or_stand_still(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    assert run_hosts_chaos(1, seed, tmp_path) == []
