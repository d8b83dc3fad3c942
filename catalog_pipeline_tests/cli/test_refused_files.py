"""What `check` finds in a file, `try` and `run` find too, with file, line and text as written."""

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL
from catalog_pipeline_tests.conftest import Run

MONEY = "{select: h2, type: money, currency: XXZ}"
TYPE_LINE = next(line for line in SMALL.splitlines() if line.startswith("type:"))
FIELD_LINE = 1 + next(n for n, line in enumerate(SMALL.splitlines()) if "{select: h2}" in line)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (SMALL.replace(TYPE_LINE, "type: my_project.Shop"), 1, "my_project.Shop is no component"),
        (SMALL.replace(TYPE_LINE, "# nothing"), 2, "it is required, and missing"),
        (SMALL.replace("{select: h2}", MONEY), FIELD_LINE, "there is no currency XXZ"),
        (
            SMALL.replace("{select: h2}", r"{select: h2, pattern: '(\d+\s'}"),
            FIELD_LINE,
            r"(\d+\s is no regular expression",
        ),
        (
            SMALL.replace("{select: h2}", r"""{select: "a[x='\\d']]"}"""),
            FIELD_LINE,
            r"a[x='\d']] is no selector",
        ),
        (
            SMALL.replace("{select: h2}", "{selct: h2}"),
            FIELD_LINE,
            "there is no such key; did you mean select",
        ),
    ],
)
@pytest.mark.parametrize("command", ["try", "run", "check"])
def test_a_mistake_is_refused_by_every_command_with_its_place(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    text: str,
    line: int,
    sentence: str,
):
    file = tmp_path / "shops" / "shop" / "defs.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(tmp_path / "shops"))
    answer = run(command, "shop")
    said = answer.out if command == "check" else answer.err
    assert answer.code == 2
    place = f"{file}:{line}:" if command == "check" else f"{file}, line {line}"
    assert place in said
    assert sentence in said
