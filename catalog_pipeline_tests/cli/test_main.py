"""The command as a whole: help, exit codes, how errors are told."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.places import DATA_VARIABLE, HOME_VARIABLE
from catalog_pipeline_tests.command import COMMAND, run_process, run_to_its_end
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ["--pages", "--refresh", "--stale-after", "--cutoff", "--reparse", "--base-url"]),
        ("status", ["--failed", "--json"]),
        ("try", ["--page", "--file", "--base-url", "--json"]),
        ("list", ["--json"]),
        ("sandbox", ["--port", "--pages", "--latency-ms", "--fault"]),
    ],
)
def test_each_command_explains_its_options(run: Run, command: str, options: list[str]):
    answer = run(command, "--help")
    assert answer.code == 0
    for option in options:
        assert option in answer.out
    assert command in run("--help").out


@pytest.mark.processes
def test_help_and_mistakes_do_not_wait_for_dagster():
    script = (
        "import sys; from catalog_pipeline.cli.main import run_command\n"
        "run_command(['run', '--help']); run_command(['run', 'nonsense'])\n"
        "run_command(['run', '--pages', '99']); run_command(['list'])\n"
        "assert not {'dagster', 'pandas', 'pyarrow'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.processes
def test_the_answer_to_a_mistake_costs_far_less_than_importing_dagster():
    """In processor time, of which a busy machine takes more for the same: for both of them."""
    importing = [sys.executable, "-c", "import dagster; raise SystemExit(2)"]
    mistake = [*COMMAND, "run", "--nonsense"]
    costs = [(_processor_seconds(mistake), _processor_seconds(importing)) for _ in range(3)]
    assert min(costs)[0] < min(cost for _, cost in costs) * 2 / 3


def _processor_seconds(command: list[str]) -> float:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 2
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["stauts"], 2, "No such command 'stauts'; did you mean status?"),
        (["run", "--nonsense"], 2, "No such option"),
        (["run", "nowhere"], 2, "There is no catalogue 'nowhere'. Known: books_toscrape"),
        (["run", "sandbx"], 2, "There is no catalogue 'sandbx'; did you mean sandbox? Known: "),
        (["status", "nowhere"], 2, "There is no catalogue 'nowhere'"),
        (["try", "nowhere"], 2, "There is no catalogue 'nowhere'"),
        (["sandbox", "--fault", "1=flood"], 2, "unknown kind 'flood'; allowed are"),
        (["sandbox", "--pages", "0"], 2, "pages must be a whole number from 1"),
    ],
)
def test_a_mistake_is_one_sentence_on_standard_error(
    run: Run, arguments: list[str], code: int, sentence: str
):
    answer = run(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert sentence in answer.err
    assert "Traceback" not in answer.err


def test_a_traceback_is_shown_only_for_debugging(run: Run):
    assert "Traceback" not in run("run", "nowhere").err
    debugged = run("--debug", "run", "nowhere")
    assert debugged.code == 2
    assert "Traceback" in debugged.err
    assert "UsageError" in debugged.err
    assert "Traceback" in run("run", "nowhere", "--debug").err


def test_a_mistake_in_a_yaml_is_told_with_catalogue_field_line_and_what_is_allowed(
    site: Site, run: Run
):
    with suppress(CatalogueError):
        site.write(proudct="article")
    answer = run("run", NAME)
    assert answer.code == 2
    assert answer.err.startswith("Error: Catalogue shop, proudct (")
    assert "line " in answer.err
    assert re.search(r"Allowed: description, .*\bbase_url, ", answer.err)


@pytest.mark.processes
def test_a_selector_that_cannot_be_used_is_told_before_anything_runs(site: Site, run: Run):
    site.write(product="article..card")
    answer = run("run", NAME)
    assert answer.code == 2
    assert re.match(
        r"Error: Catalogue shop, product \(.+, line \d+\): article..card is no", answer.err
    )
    assert site.downloads() == {}


def test_a_dagster_home_that_is_no_absolute_path_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(HOME_VARIABLE, "dagster_home")
    answer = run("status")
    assert answer.code == 2
    assert answer.err == "Error: DAGSTER_HOME must be an absolute path, and is 'dagster_home'.\n"


def test_a_data_folder_that_cannot_be_made_is_a_clear_error(
    site: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "file"))
    answer = run("run", NAME)
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert str(tmp_path / "file") in answer.err


@pytest.mark.processes
def test_without_dagster_home_the_checkout_s_own_is_used(site: Site, tmp_path: Path):
    """Never a temporary instance: what one command records the next one finds."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    # Other processes may be writing what they compiled.
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "catalog_pipeline", checkout / "catalog_pipeline", ignore=without)
    for name in ("pyproject.toml", "workspace.yaml"):
        shutil.copy(ROOT / name, checkout)
    site.write(last_page=1)
    environ = {HOME_VARIABLE: "", "PYTHONPATH": str(checkout)}
    script = "from catalog_pipeline.cli.main import main; main()"
    for expected in ("1 download in", "0 downloads"):
        ended = subprocess.run(
            [sys.executable, "-c", script, "run", NAME],
            cwd=tmp_path,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert expected in ended.stdout
    assert (checkout / "dagster_home" / "dagster.yaml").is_file()
    assert (checkout / "data" / NAME / "products.parquet").is_file()


@pytest.mark.processes
@pytest.mark.parametrize("encoding", ["ascii", "koi8-r", "ascii:surrogateescape", "cp1251"])
def test_what_a_pipe_cannot_show_is_replaced_and_the_exit_code_is_that_of_the_work(
    site: Site, tmp_path: Path, encoding: str
):
    site.write(product="article", key="name", fields={"name": {"select": "h2"}})
    page = "<article><h2>Kaffeekännchen 東京 ☕</h2></article>"
    saved = tmp_path / "page.html"
    saved.write_text(page, encoding="utf-8")
    answer = run_process("try", NAME, "--file", str(saved), environ={"PYTHONIOENCODING": encoding})
    assert (answer.code, answer.err) == (0, "")
    assert "Kaffeek" in answer.out
    assert "?? ?" in answer.out


_SHORT_OF_MEMORY = """
import resource, sys
from catalog_pipeline.cli import main, try_page
from catalog_pipeline.reading import explaining
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 10 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main.run_command(sys.argv[1:]))
"""


@pytest.mark.processes
def test_a_lack_of_memory_is_a_sentence(site: Site, tmp_path: Path):
    saved = tmp_path / "saved.html"
    saved.write_text("<p>" + "a page " * 2_000_000)
    command = [sys.executable, "-c", _SHORT_OF_MEMORY, "try", NAME, "--file", str(saved)]
    answer = run_to_its_end(command, 60)
    assert answer.code == 1
    assert answer.err.startswith("Error: There is not enough memory for this.")
    assert "MemoryError" not in answer.err


_CTRL_C_IN_A_LIBRARY = """
import os, signal, sys
NAME = sys.argv.pop(1)
from catalog_pipeline.cli import list_catalogues, main
def look(**_):
    try:
        os.kill(os.getpid(), getattr(signal, NAME))
    except KeyboardInterrupt as pressed:
        raise ValueError("the library's own error") from pressed
list_catalogues.all_catalogues = look
main.main()
"""


@pytest.mark.processes
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_ctrl_c_that_a_library_makes_an_error_of_is_one_all_the_same(site: Site, name: str):
    answer = run_to_its_end([sys.executable, "-c", _CTRL_C_IN_A_LIBRARY, name, "list"], 60)
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.startswith("Interrupted. What was recorded stays")
