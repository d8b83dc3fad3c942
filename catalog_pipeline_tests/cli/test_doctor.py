"""`doctor` and `init-home`: what is used here, what is amiss, and the settings that mend it."""

import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance

from catalog_pipeline.cli.advice import say_once_what_is_slow
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline_tests.cli.conftest import add_catalogue
from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.storing.disks import fill, make_read_only, small_disk


def _lay_out(home: Path, settings: str) -> None:
    """A home with these settings and nothing else."""
    shutil.rmtree(home)
    home.mkdir()
    (home / "dagster.yaml").write_text(settings)


def test_it_names_project_home_data_catalogues_storage_and_versions(
    run: Run, project: Path, home: Path
):
    add_catalogue(project, "phones")
    run("init-home")
    answer = run("doctor", "--json")
    assert (answer.code, answer.json["amiss"]) == (0, [])
    assert answer.json["project"] == f"{project} (pyproject.toml)"
    assert answer.json["home"] == f"{home} (DAGSTER_HOME)"
    assert answer.json["data"] == str(home.parent / "data")
    assert answer.json["storage"] == "BatchedSqliteEventLogStorage"
    assert answer.json["catalogues"] == ["phones"]
    assert {"python", "dagster", "catalog-pipeline"} <= answer.json["versions"].keys()
    assert run("doctor").out.endswith("Nothing is amiss.\n")


def test_it_names_all_that_is_amiss(run: Run, project: Path, home: Path):
    add_catalogue(project, "phones", "type: catalog_pipeline.CatalogueComponent\nattributes: {")
    (project / "shops" / "defs" / "defs.yml.bak.yaml").write_text("type: catalog_pipeline.X\n")
    add_catalogue(project, "eu/laptops")
    add_catalogue(project, "us/laptops")
    _lay_out(home, "telemetry: {enabled: false}\n")
    (home.parent / "data").symlink_to(home.parent / "unmounted")
    answer = run("doctor")
    assert answer.code == 1
    for sentence in (
        "Catalogue phones, ",
        "Catalogue laptops, name: both ",
        "defs.yml.bak.yaml describes a catalogue and is ignored",
        "has no event_log_storage: each event is stored by itself: all is right, and slow",
        "data is a link to ",
        "catalog-pipeline init-home adds what is lacking",
    ):
        assert sentence in answer.out


def test_a_home_in_postgresql_whose_address_is_not_set_is_amiss(
    run: Run, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.rmtree(home)
    write_postgres_home(home)
    monkeypatch.delenv("DAGSTER_PG_USERNAME", raising=False)
    answer = run("doctor")
    assert answer.code == 1
    told = " ".join(answer.out.split())
    assert "from the environment, and DAGSTER_PG_USERNAME" in told


@pytest.mark.processes
def test_a_table_that_is_not_what_was_built_or_is_of_another_home_is_amiss(
    run: Run, site: Site, home: Path
):
    site.write(last_page=1)
    assert run("run", NAME).code == 0
    assert (run("doctor").code, run("doctor", "--json").json["amiss"]) == (0, [])
    table, told = site.places.table, site.places.told(site.places.table)
    content = table.read_bytes()
    table.write_bytes(content[:-1])
    answer = run("doctor")
    assert answer.code == 1
    assert f"Amiss: {NAME}: the table {told} has {len(content) - 1:,} bytes" in answer.out
    table.unlink()
    answer = run("doctor")
    assert (answer.code, f"Amiss: {NAME}: the table {told} is gone." in answer.out) == (1, True)
    table.write_bytes(content)
    assert run("doctor").code == 0
    home.rename(home.with_name("elsewhere"))
    run("init-home")
    answer = run("doctor")
    assert answer.code == 1
    assert f"Amiss: {NAME}: the table {told} is there, and nothing is recorded of it" in answer.out


@pytest.mark.processes
def test_done_pages_whose_files_are_gone_are_amiss(run: Run, site: Site):
    site.write(last_page=4)
    assert run("run", NAME).code == 0
    site.page_file(2).unlink()
    site.page_file(4).unlink()
    told = f"Amiss: {NAME}: 2 done pages have no file in {site.places.pages} (pages 2,4). "
    answer = run("doctor")
    assert (answer.code, told in answer.out) == (1, True)
    assert run("run", NAME).code == 0
    assert site.downloads() == {1: 1, 2: 2, 3: 1, 4: 2}
    assert run("doctor").code == 0


@pytest.mark.processes
def test_a_home_or_a_data_folder_in_which_nothing_can_be_written_is_amiss(
    run: Run, project: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run("init-home")
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        monkeypatch.setenv(DATA_VARIABLE, str(disk))
        assert run("doctor").code == 0
        assert list(disk.iterdir()) == []
        fill(disk, room_kilobytes=8)
        answer = run("doctor")
        told = f"Amiss: Nothing can be written in {disk}: No space left on device."
        assert (answer.code, told in answer.out) == (1, True)
        monkeypatch.delenv(DATA_VARIABLE)
        (disk / "ballast").unlink()
        (disk / "dagster.yaml").write_bytes((home / "dagster.yaml").read_bytes())
        make_read_only(disk)
        monkeypatch.setenv(HOME_VARIABLE, str(disk))
        answer = run("doctor")
        told = f"Amiss: Nothing can be written in {disk}: Read-only file system."
        assert (answer.code, told in answer.out) == (1, True)


@pytest.mark.processes
def test_a_server_that_can_be_asked_is_named_without_its_password(
    run: Run, project: Path, home: Path, database: Database
):
    shutil.rmtree(home)
    write_postgres_home(home, database)
    answer = run("doctor", "--json")
    assert (answer.code, answer.json["amiss"]) == (0, [])
    folder = database.environ["DAGSTER_PG_HOST"]
    assert answer.json["storage"] == f"PostgresStorage at shop@{folder}:5432/{database.name}"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DAGSTER_PG_PASSWORD", "another", "password authentication failed"),
        ("DAGSTER_PG_DB", "not_there", 'database "not_there" does not exist'),
        ("DAGSTER_PG_HOST", "/no/such/folder", "/no/such/folder"),
        ("DAGSTER_PG_PORT", "5433", "5433"),
        ("DAGSTER_PG_PORT", "abc", "says 'abc' where the port of PostgreSQL is a number"),
    ],
)
@pytest.mark.parametrize("command", ["doctor", "status"])
def test_a_server_that_cannot_be_asked_is_amiss(
    command: str,
    variable: str,
    value: str,
    told: str,
    run: Run,
    project: Path,
    home: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
):
    add_catalogue(project, "phones")
    shutil.rmtree(home)
    write_postgres_home(home)
    for name, said in {**database.environ, variable: value}.items():
        monkeypatch.setenv(name, said)
    answer = run(*(["doctor"] if command == "doctor" else ["status", "phones"]))
    assert answer.code != 0
    said = " ".join((answer.out + answer.err).split())
    assert told in said
    assert "dagster.yaml" in said
    assert "Traceback" not in said


@pytest.mark.processes
def test_the_web_ui_says_in_a_sentence_that_a_server_lets_nobody_in(
    project: Path, home: Path, database: Database
):
    shutil.rmtree(home)
    write_postgres_home(home)
    answer = run_process("ui", environ=database.environ | {"DAGSTER_PG_PASSWORD": "another"})
    assert answer.code == 1
    told = " ".join(answer.err.split())
    assert "Error: Cannot use Dagster's storage in PostgreSQL: " in told
    assert "password authentication failed" in told
    assert "PostgreSQL is away; waiting" not in told
    assert "sqlalche.me" not in told


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_settings_of_dagster_that_are_no_yaml_are_told_with_their_file(
    command: str, run: Run, project: Path, home: Path
):
    _lay_out(home, ": : [\n")
    answer = run(command)
    assert answer.code != 0
    assert f"{home / 'dagster.yaml'} cannot be read: " in answer.out + answer.err


def test_a_home_that_is_not_there_is_amiss_since_dg_needs_it(run: Run, project: Path, home: Path):
    shutil.rmtree(home, ignore_errors=True)
    answer = run("doctor")
    assert answer.code == 1
    assert f"DAGSTER_HOME is {home}, and no folder is there" in answer.out
    run("init-home")
    assert "DAGSTER_HOME is" not in run("doctor").out


def test_init_home_adds_what_is_lacking_and_says_so(run: Run, home: Path):
    shutil.rmtree(home)
    assert run("init-home").out == f"Wrote {home}/dagster.yaml.\n"
    assert "nothing was changed" in run("init-home").out
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert "Added to" in run("init-home").out
    assert "nothing was changed" in run("init-home").out


@pytest.mark.processes
def test_that_events_are_stored_slowly_is_said_once_with_the_lines_to_add(
    run: Run, site: Site, home: Path
):
    _lay_out(home, "telemetry: {enabled: false}\n")
    first, second = run("run", "shop", "--pages", "1"), run("run", "shop", "--pages", "2")
    assert (first.code, second.code) == (0, 0)
    assert "event_log_storage:\n  module: catalog_pipeline." in first.err
    assert "event_log_storage" not in second.err


def test_nothing_is_said_of_a_home_that_is_the_packages_own(run: Run, home: Path):
    run("init-home")
    say_once_what_is_slow()
    assert not list(home.glob(".catalog_pipeline*"))


@pytest.mark.processes
def test_a_page_without_its_file_is_named_also_after_a_run_that_was_cancelled(
    run: Run, site: Site, instance: DagsterInstance
):
    catalogue = site.write(last_page=3)
    assert run("run", NAME).code == 0
    instance.report_run_canceled(create_run(instance, catalogue, 1, 3))
    site.page_file(2).unlink()
    assert "1 done page has no file in" in run("doctor").out


@pytest.mark.processes
def test_a_renamed_catalogue_is_told_of_what_is_kept_under_its_old_name(run: Run, site: Site):
    site.write(last_page=2)
    assert run("run", NAME).code == 0
    assert run("doctor", "--json").json["notes"] == []
    (site.folder / NAME).rename(site.folder / "renamed")
    answer = run("doctor", "--json")
    assert f"holds pages or a table of {NAME}," in answer.json["notes"][0]
    assert "give it back its old name" in answer.json["notes"][0]
    assert answer.code == 0


@pytest.mark.processes
def test_a_catalogue_that_two_yamls_describe_is_told_of_no_old_name(run: Run, site: Site):
    site.write(last_page=1)
    assert run("run", NAME).code == 0
    shutil.copytree(site.folder / NAME, site.folder / "x" / NAME)
    answer = run("doctor", "--json")
    assert (answer.code, answer.json["notes"]) == (1, [])
