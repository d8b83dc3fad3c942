"""`catalog-pipeline completion`: the line that makes a shell complete names."""

from pathlib import Path

import pytest

from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize(
    ("shell", "file"),
    [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/config.fish")],
)
def test_it_is_installed_by_one_command_and_once(run: Run, user_home: Path, shell: str, file: str):
    path = user_home / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("alias ll='ls -l'")
    assert run("completion", shell, "--install").code == 0
    assert run("completion", shell, "--install").code == 0
    first, line = path.read_text().splitlines()
    assert first == "alias ll='ls -l'"
    assert f"_CATALOG_PIPELINE_COMPLETE={shell}_source catalog-pipeline" in line


def test_the_shell_in_use_is_meant_where_none_is_named(
    run: Run, user_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert "compdef" in run("completion").out
    monkeypatch.setenv("SHELL", "/usr/bin/tcsh")
    answer = run("completion")
    assert answer.code == 2
    assert "bash, fish, zsh" in answer.err


@pytest.mark.processes
def test_what_a_shell_asks_with_that_line_is_answered_with_names(site: Site):
    asked = {"_CATALOG_PIPELINE_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    answer = run_process(environ={**asked, "COMP_WORDS": f"catalog-pipeline run {NAME[:2]}"})
    assert f"plain,{NAME}" in answer.out.splitlines()
