"""`run --profile FILE`: a profile of all processes, or a clear word before anything is crawled."""

import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from lxml import etree

from catalog_pipeline.cli.profile import profiled
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

COMMAND, WORKER = "orchestration/commands/crawl_and_build.py", "crawling/working/page_worker.py"


def _files_by_process(profile: Path) -> dict[int, set[str]]:
    """Which modules' functions were seen in which process, of a file for speedscope."""
    found = json.loads(profile.read_text())
    frames = found["shared"]["frames"]
    files = defaultdict[int, set[str]](set)
    for each in found["profiles"]:
        process = re.match(r"Process (\d+)", each["name"])
        assert process
        seen = {frames[frame]["file"] for stack in each["samples"] for frame in stack}
        files[int(process[1])] |= {str(file).partition("catalog_pipeline/")[2] for file in seen}
    return files


@pytest.fixture
def large_pages(site: Site) -> Iterator[Site]:
    """The catalogue in a shop whose pages take long enough to read to be seen at it."""
    with RunningShop(ShopSettings(pages=30, page_size=500), port=0) as shop:
        large = Site(site.folder, shop)
        large.write(last_page=30)
        yield large


@pytest.mark.processes
def test_a_profile_shows_functions_of_the_command_and_of_its_workers(
    large_pages: Site, run: Run, tmp_path: Path
):
    file = tmp_path / "profile.json"
    answer = run("run", NAME, "--profile", str(file), "--json")
    assert (answer.code, answer.json["done"]) == (0, 30)
    assert f"Profile: {file}" in answer.err
    files = _files_by_process(file)
    assert COMMAND in files.pop(os.getpid())
    assert any(WORKER in seen for seen in files.values())


@pytest.mark.processes
def test_a_crawl_that_needs_one_worker_alone_has_a_profile_too(site: Site, tmp_path: Path):
    site.write(last_page=3, politeness={"concurrency": 1})
    answer = run_process("run", NAME, "--profile", str(tmp_path / "profile.json"), "--json")
    assert (answer.code, answer.json["done"]) == (0, 3)


@pytest.mark.processes
def test_a_flame_graph_is_a_picture_of_the_same(large_pages: Site, run: Run, tmp_path: Path):
    file = tmp_path / "profile.svg"
    assert run("run", NAME, "--profile", str(file), "--quiet").err == ""
    told = "".join(etree.parse(file).getroot().itertext())
    assert Path(COMMAND).name in told


@pytest.mark.processes
def test_a_sampler_that_may_not_look_is_told_before_anything_is_crawled(
    site: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", str(_refusing(tmp_path / "bin")))
    answer = run("run", NAME, "--profile", str(tmp_path / "profile.svg"))
    assert answer.code == 1
    assert "py-spy cannot look at this command: Permission denied (os error 13). N" in answer.err
    assert not site.downloads()
    assert not (tmp_path / "profile.svg").exists()


@pytest.mark.processes
@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_name_that_was_read_half_overwritten_spoils_no_picture(
    is_interrupted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    picture = r"<svg xmlns=\"http://www.w3.org/2000/svg\"><title>a\004b\000c\377</title></svg>"
    script = f"""
for each in "$@"; do case "$each" in --output=*) file="${{each#--output=}}";; esac; done
trap 'printf "{picture}" > "$file"; exit 0' INT
echo Sampling process
while :; do sleep 0.02; done
"""
    monkeypatch.setattr(sys, "executable", str(_installed(tmp_path / "bin", script)))
    file = tmp_path / "profile.svg"
    with suppress(KeyboardInterrupt), profiled(str(file), is_quiet=True):
        if is_interrupted:
            raise KeyboardInterrupt
    assert etree.parse(file).getroot()[0].text == "a\ufffdb\ufffdc\ufffd"


def _refusing(folder: Path) -> Path:
    """The interpreter of an installation whose sampler is refused by the system."""
    said = (
        "[2026-11-27T16:55:32Z WARN  py_spy::sampler] Failed to profile python from process 7: "
        "Permission denied (os error 13)",
        "Error: No python processes found in process 7 or any of its subprocesses",
        "Stack backtrace:",
        "   7: main",
    )
    lines = "\n".join(said)
    return _installed(folder, f"cat >&2 <<'END'\n{lines}\nEND\nexit 1\n")


def _installed(folder: Path, script: str) -> Path:
    """The interpreter of an installation whose sampler is that script."""
    folder.mkdir()
    program = folder / "py-spy"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    return folder / "python"


def test_a_sampler_that_is_not_installed_is_told_with_what_installs_it(
    site: Site, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = run("run", NAME, "--profile", str(tmp_path / "profile.svg"))
    assert answer.code == 1
    assert "pip install 'catalog-pipeline[profile]'" in answer.err
    assert not site.downloads()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("profile.txt", "the name ends in .svg"),
        ("profile", "the name ends in .svg"),
        ("nowhere/profile.svg", "No such file or directory"),
        ("folder.svg", "Is a directory"),
        (f"data/{NAME}/cookies.json", "keeps files of its own"),
    ],
)
def test_a_file_that_cannot_be_written_is_wrong_usage(
    name: str, sentence: str, site: Site, run: Run, tmp_path: Path
):
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "profile.txt").write_text("something else")
    answer = run("run", NAME, "--profile", str(tmp_path / name))
    assert answer.code == 2
    assert sentence in answer.err
    assert not site.downloads()
    assert (tmp_path / "profile.txt").read_text() == "something else"
