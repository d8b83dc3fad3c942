"""Programs that are started as forks: processes like those of new interpreters."""

import os
import signal
from pathlib import Path

import pytest

from catalog_pipeline_tests.command import run_to_its_end
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.forked_programs import COMMAND, MODULE

pytestmark = pytest.mark.processes


def _command(folder: Path, *arguments: str, **environ: str) -> CommandProcess:
    return CommandProcess([*COMMAND, *arguments], folder=folder, environ={**os.environ, **environ})


@pytest.mark.parametrize(
    "arguments", [["list"], ["check", "--json"], ["run", "--nonsense"], ["notify", "nonsense"], []]
)
def test_a_fork_says_what_a_new_interpreter_says(
    home: Path, tmp_path: Path, arguments: list[str]
) -> None:
    expected = run_to_its_end([*COMMAND, *arguments], 60, cwd=tmp_path)
    forked = _command(tmp_path, *arguments)
    assert (forked.code, forked.out, forked.err) == (expected.code, expected.out, expected.err)


def test_a_fork_has_a_session_an_end_and_signals_of_its_own(tmp_path: Path) -> None:
    shop = _command(tmp_path, "sandbox", "--port", "0")
    shop.until(lambda: "http://" in shop.out, "it served")
    assert os.getsid(shop.pid) == os.getpgid(shop.pid) == shop.pid
    assert Path(f"/proc/{shop.pid}/cwd").readlink() == tmp_path
    shop.signal(signal.SIGINT, whole_group=True)
    assert shop.code == 0
    killed = _command(tmp_path, "sandbox", "--port", "0")
    killed.kill(whole_group=True)
    assert killed.code == -signal.SIGKILL


def test_what_python_heeds_as_it_starts_needs_an_interpreter(tmp_path: Path) -> None:
    def arguments_of(process: CommandProcess) -> list[str]:
        words = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")
        process.kill()
        return words

    forked = _command(tmp_path, "sandbox", "--port", "0")
    assert "catalog_pipeline_tests.zygote" in arguments_of(forked)
    started = _command(tmp_path, "sandbox", "--port", "0", PYTHONUTF8="1")
    started.until(lambda: started.out, "it served")
    assert COMMAND[0] in arguments_of(started)


def test_a_module_is_run_as_the_main_one_with_its_arguments(tmp_path: Path) -> None:
    program = [*MODULE, "json.tool", "--no-such-option"]
    ended = CommandProcess(program, folder=tmp_path, environ=dict(os.environ))
    assert ended.code == 2
    assert "--no-such-option" in ended.err
