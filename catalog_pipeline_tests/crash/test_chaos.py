"""The short chaos test; the long one is `python -m catalog_pipeline_tests.chaos`."""

import random
from pathlib import Path

import pytest

from catalog_pipeline_tests.chaos import run_chaos, run_hosts_chaos, run_workers_chaos, summary
from catalog_pipeline_tests.crash.profiles import Profile
from catalog_pipeline_tests.object_server import ObjectServer
from catalog_pipeline_tests.postgres_server import PostgresServer

CRAWLS = 10
PAGES = 100
WORKERS = 10
ON_SERVERS = 2


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


@pytest.mark.parametrize("has_bucket", [False, True])
def test_so_do_those_whose_instance_is_in_postgresql_and_whose_files_are_in_a_bucket(
    tmp_path: Path,
    postgres: PostgresServer,
    store_server: ObjectServer,
    monkeypatch: pytest.MonkeyPatch,
    has_bucket: bool,
) -> None:
    for name, value in store_server.environ.items():
        monkeypatch.setenv(name, value)
    profile = Profile(postgres, store_server if has_bucket else None)
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    verdicts = run_chaos(
        ON_SERVERS, seed, tmp_path, jobs=2, is_shown=False, pages=PAGES, profile=profile
    )
    print(summary(verdicts))
    assert [(verdict.wish, verdict.complaints) for verdict in verdicts if verdict.complaints] == []


def test_of_three_machines_at_a_catalogue_one_may_die_or_stand_still(
    tmp_path: Path,
    postgres: PostgresServer,
    store_server: ObjectServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in store_server.environ.items():
        monkeypatch.setenv(name, value)
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    assert run_hosts_chaos(1, seed, tmp_path, Profile(postgres, store_server)) == []
