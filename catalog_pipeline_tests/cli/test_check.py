"""`check`: all mistakes of all catalogues at once, each with file, line, key and what is right."""

from pathlib import Path

import pytest

from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline_tests.catalogue.files_of_texts import SMALL
from catalog_pipeline_tests.conftest import Run

BAD = (
    SMALL.replace("{select: h2}", '{select: "h2["}')
    + """\
    price: {select: "//b"}
  owners: [bob]
  tags: {"no tag!": x}
  schedule: {cron: 61 * * * *}
  login: {kind: bearer, token_env: SHOP_TOKEN_THAT_IS_NOT_SET}
  headers: {X-Key: {env: SHOP_KEY_THAT_IS_NOT_SET}}
  cookies: {key: {env: SHOP_KEY_THAT_IS_NOT_SET}}
"""
)
PLACES = [
    (9, "fields.name.select"),
    (10, "fields.price.select"),
    (11, "owners"),
    (12, "tags"),
    (13, "schedule.cron"),
    (14, "login"),
    (15, "headers.X-Key"),
    (16, "cookies.key"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of catalogues: `bad`, `good`, and `misspelt`, which cannot even be read."""
    texts = {"bad": BAD, "good": SMALL, "misspelt": SMALL.replace("select", "selct")}
    for name, text in texts.items():
        (tmp_path / "shops" / name).mkdir(parents=True)
        (tmp_path / "shops" / name / "defs.yaml").write_text(text)
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(tmp_path / "shops"))
    return tmp_path / "shops"


def test_all_mistakes_of_all_catalogues_are_told_at_once(run: Run, folder: Path):
    answer = run("check", "--json")
    assert answer.code == 2
    found = [(Path(each["file"]).parent.name, each["line"], each["key"]) for each in answer.json]
    assert found == [
        *(("bad", line, key) for line, key in PLACES),
        ("misspelt", 9, "fields.name.selct"),
    ]


def test_a_wrong_selector_of_the_products_hides_none_of_their_fields(run: Run, folder: Path):
    text = SMALL.replace("{select: h2}", '{select: "h2["}').replace(": .card", ": ..card")
    (folder / "good" / "defs.yaml").write_text(text)
    keys = [each["key"] for each in run("check", "good", "--json").json]
    assert keys == ["product", "fields.name.select"]


def test_a_mistake_is_a_line_that_editors_jump_to(run: Run, folder: Path):
    answer = run("check", "misspelt", "good")
    first, second, last = answer.out.splitlines()
    assert first.startswith(
        f"{folder}/misspelt/defs.yaml:9: fields.name.selct: there is no such key; "
        "did you mean select. Allowed: select, "
    )
    assert second == f"{folder}/good/defs.yaml: no mistake"
    assert last == "1 mistake in 1 of 2 files"


@pytest.mark.parametrize("named", ["./defs.yaml", ".", "../good", "good"])
def test_a_file_a_folder_or_a_name_is_taken(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    monkeypatch.chdir(folder / "good")
    answer = run("check", named)
    assert (answer.code, answer.out) == (0, f"{folder}/good/defs.yaml: no mistake\n")


@pytest.mark.parametrize("named", ["./nowhere.yaml", "nowhere/", "nowhere"])
def test_what_is_not_there_is_an_error(run: Run, folder: Path, named: str):
    answer = run("check", named)
    assert (answer.code, answer.out) == (2, "")
    assert named.strip("./") in answer.err


def test_what_is_checked_is_what_try_refuses(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder / "misspelt")
    answer = run("try", "./defs.yaml")
    assert answer.code == 2
    assert "fields.name.selct" in answer.err
    assert "did you mean select" in answer.err


def test_a_pattern_whose_time_can_explode_is_warned_of_and_no_mistake(run: Run, folder: Path):
    path = folder / "good" / "defs.yaml"
    path.write_text(SMALL.replace("{select: h2}", r'{select: h2, pattern: "^(([a-z ]+)+)+$"}'))
    answer = run("check", "good")
    assert answer.code == 0
    warning, last = answer.out.splitlines()
    assert warning.startswith(
        f"{path}:9: Warning: fields.name.pattern: '^(([a-z ]+)+)+$' has a loop"
    )
    assert last == f"{path}: no mistake"
    (told,) = run("check", "good", "--json").json
    assert (told["severity"], told["key"], told["line"]) == ("warning", "fields.name.pattern", 9)


def test_an_address_that_is_not_set_here_is_warned_of_and_no_mistake(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    path = folder / "good" / "defs.yaml"
    path.write_text(
        SMALL
        + "  notify: {to: MAIL, rules: [crawl fails, {when: check fails, to: [MAIL, PAGER]}]}\n"
        + "  exports: [{to: csv}, {to: postgres, url_env: DWH}]\n"
    )
    answer = run("check", "good")
    assert answer.code == 0
    *warnings, last = answer.out.splitlines()
    told = [line.partition("Warning: ")[2] for line in warnings]
    assert told[:2] == [
        "notify.rules.1.to: PAGER: it is not set; notices wait for it, three days at most.",
        "notify.to: MAIL: it is not set; notices wait for it, three days at most.",
    ]
    assert told[2].startswith("exports.1.url_env: The export needs the environment variable DWH")
    assert len(told) == 3
    assert last == f"{path}: no mistake"
    monkeypatch.setenv("MAIL", "json://host/")
    monkeypatch.setenv("PAGER", "json://host/")
    monkeypatch.setenv("DWH", "postgresql://host/db")
    assert run("check", "good").out == f"{path}: no mistake\n"


def test_an_export_over_a_file_of_the_project_is_a_mistake(run: Run, folder: Path, tmp_path: Path):
    path = folder / "good" / "defs.yaml"
    own = tmp_path / "data" / "good" / "changes.parquet"
    path.write_text(
        SMALL
        + "  history: true\n"
        + "  exports:\n"
        + "    - {to: csv}\n"
        + f"    - {{to: parquet, path: {own}}}\n"
    )
    (told,) = run("check", "good", "--json").json
    assert (told["severity"], told["key"], told["line"]) == ("mistake", "exports.1.path", 13)
    assert f"{own} is where good keeps files of its own" in told["problem"]


def test_exports_of_two_catalogues_to_one_place_are_a_mistake_of_both(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def export_of(name: str, *exports: str) -> None:
        (folder / name).mkdir(exist_ok=True)
        listed = ", ".join(f"{{{each}}}" for each in exports)
        (folder / name / "defs.yaml").write_text(SMALL + f"  exports: [{listed}]\n")

    def told(name: str) -> list[tuple[str, str]]:
        found = run("check", name, "--json").json
        return [(each["key"], each["problem"]) for each in found if each["severity"] == "mistake"]

    (tmp_path / "linked").symlink_to(tmp_path)
    export_of("good", "to: csv", f"to: jsonl, path: {tmp_path}/out.jsonl")
    export_of("other", f"to: jsonl, path: {tmp_path}/linked/out.jsonl")
    ((key, problem),) = told("good")
    assert key == "exports.1"
    assert f"export_jsonl of the catalogue other both write {tmp_path}/out.jsonl" in problem
    ((key, problem),) = told("other")
    assert "export_jsonl of the catalogue good both write" in problem
    export_of("other", f"to: csv, path: {tmp_path}/data/good/exports/products.csv")
    assert [key for key, _ in told("good")] == ["exports.0"]
    export_of("good", "to: postgres, url_env: DWH")
    export_of("other", "to: postgres, url_env: WAREHOUSE")
    assert told("good") == []
    monkeypatch.setenv("DWH", "postgresql://shop:secret99@host/db")
    monkeypatch.setenv("WAREHOUSE", "postgresql://shop:secret99@host/db")
    ((key, problem),) = told("good")
    assert "both write the table products of the database of DWH" in problem
    assert "secret99" not in problem
    export_of("other", "to: postgres, url_env: WAREHOUSE, table: public.products")
    for same in ("postgres://me@HOST:5432/db?sslmode=require", "postgresql:///db?host=host"):
        monkeypatch.setenv("WAREHOUSE", same)
        assert [key for key, _ in told("good")] == ["exports.0"], same
    for another in ("host:5433/db", "host/shop", "host2/db", "host/"):
        monkeypatch.setenv("WAREHOUSE", f"postgresql://shop:secret99@{another}")
        assert told("good") == [], another
    monkeypatch.setenv("DWH", "postgresql://127.0.0.1/db")
    monkeypatch.setenv("WAREHOUSE", "postgresql://localhost/db")
    assert [key for key, _ in told("good")] == ["exports.0"]
    merged = "to: postgres, url_env: DWH, mode: merge"
    export_of("other", merged)
    assert len(told("good")) == 1
    export_of("good", merged)
    assert told("good") == []
    export_of(
        "good", "to: csv", f"to: csv, name: b, path: {tmp_path}/data/good/exports/products.csv"
    )
    assert [key for key, _ in told("good")] == ["exports.0", "exports.1"]


@pytest.mark.parametrize("preset", ["shopify", "woocommerce"])
def test_a_shop_of_a_preset_has_no_mistake(run: Run, folder: Path, preset: str):
    lines = (f"preset: {preset}", "base_url: https://shop.example", "currency: USD")
    text = "type: catalog_pipeline.CatalogueComponent\nattributes:\n"
    (folder / "good" / "defs.yaml").write_text(text + "".join(f"  {line}\n" for line in lines))
    answer = run("check", "good")
    assert (answer.code, answer.out) == (0, f"{folder}/good/defs.yaml: no mistake\n")


def test_a_field_of_json_that_is_made_of_others_is_checked_too(run: Run, folder: Path):
    text = """\
type: catalog_pipeline.CatalogueComponent
attributes:
  base_url: https://shop.example
  page_url: /products.json
  records: {from: json, path: products}
  key: sku
  fields:
    sku: {json: sku}
    url: {template: "/p/{sku}", type: url}
    size: {template: "{sku}", type: boolean, values: {S: maybe}}
"""
    (folder / "good" / "defs.yaml").write_text(text)
    answer = run("check", "good", "--json")
    assert [(each["line"], each["key"]) for each in answer.json] == [(10, "fields.size.values.S")]


EVERY_KIND = """\
type: catalog_pipeline.CatalogueComponent
attributes:
  base_url: https://shop.example
  page_url: /list?page={page}
  last_page: 9x
  product: ".card["
  key: nmae
  fields:
    name: {select: "h2[", type: txet}
    price: {select: //b, type: money, currenzy: USD}
    rank: {selct: ["i", "i["], type: integer, pattern: "("}
    size: {select: .x::text, currency: USD, values: {S: small}}
    label: {template: "{nam} {size}"}
  politeness: {concurency: 3, max_attempts: 0}
  schedule: {cron: 61 * * * *, enabld: true}
  login: {kind: bearer, token_env: SHOP_TOKEN_THAT_IS_NOT_SET, realm: x}
  headers: {X-Key: {env: SHOP_KEY_THAT_IS_NOT_SET}, "Bad name": x}
  cookies: {key: {env: SHOP_KEY_THAT_IS_NOT_SET}}
  owners: [bob]
  tags: {"no tag!": x}
  history: {trak: [prize]}
  checks: {prize: {minimum: 1}, rank: {mininum: 2}}
  total: {select: "em["}
  exports: [{to: cvs}, {to: postgres, url_env: DWH, mode: merge, key: colour}]
  notify:
    to: MAIL
    rules:
      - crawl fals
      - {when: rank falls 5%, too: PAGER}
      - check colums_are_filled fails
      - colour becomes red
colour: red
"""


def test_a_wrong_shape_hides_no_mistake_of_another_kind(run: Run, folder: Path):
    (folder / "good" / "defs.yaml").write_text(EVERY_KIND)
    answer = run("check", "good", "--json")
    found = {
        (each["line"], each["key"]): each for each in answer.json if each["severity"] == "mistake"
    }
    assert {*found} == {
        (5, "last_page"),
        (6, "product"),
        (7, "key"),
        (9, "fields.name.select"),
        (9, "fields.name.type"),
        (10, "fields.price.currenzy"),
        (10, "fields.price.select"),
        (11, "fields.rank.selct"),
        (11, "fields.rank.pattern"),
        (12, "fields.size"),
        (12, "fields.size.select"),
        (13, "fields.label.template"),
        (14, "politeness.concurency"),
        (14, "politeness.max_attempts"),
        (15, "schedule.cron"),
        (15, "schedule.enabld"),
        (16, "login"),
        (16, "login.realm"),
        (17, "headers.Bad name"),
        (17, "headers.X-Key"),
        (18, "cookies.key"),
        (19, "owners"),
        (20, "tags"),
        (21, "history"),
        (21, "history.trak"),
        (22, "checks.prize"),
        (22, "checks.rank.mininum"),
        (23, "total.select"),
        (24, "exports"),
        (24, "exports.0.to"),
        (28, "notify.rules.0"),
        (29, "notify.rules.1.too"),
        (30, "notify.rules.2"),
        (31, "notify.rules.3"),
        (32, "colour"),
    }
    # A key that is misspelt and what is behind it are two mistakes in one place.
    assert [each["line"] for each in answer.json].count(11) == 3
    warnings = [each["key"] for each in answer.json if each["severity"] == "warning"]
    assert warnings == ["notify.to"]
