"""What `dg scaffold defs` writes: a commented catalogue that loads as it is.

The text is the file `new_catalogue.yaml` beside this module; what it is filled with is here.
"""

import json
import re
from pathlib import Path
from string import Template

import dagster as dg
import yaml
from pydantic import BaseModel, ConfigDict

from catalog_pipeline.catalogue.bounds import checked_catalogue_name
from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.finding import FILE_NAME
from catalog_pipeline.catalogue.schema import SCHEMA_FILE_NAME, schema_text
from catalog_pipeline.errors import CatalogPipelineError, UsageError
from catalog_pipeline.reading.reader import reader_of

_TEMPLATE = Path(__file__).with_name("new_catalogue.yaml")
_PLAIN = re.compile(r"[A-Za-z0-9/.][A-Za-z0-9 /.,_?&=(){}*+~>:-]*(?<![ :])")
"""Texts that mean the same in a YAML without quotation marks."""


class ScaffoldParameters(BaseModel):
    """What may be said of a new catalogue on the command line; all of it can be mended later."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    description: str = "What this catalogue is, in one sentence."
    """What the catalogue is."""
    base_url: str = "https://shop.example"
    """The site's address."""
    page_url: str = "/products?page={page}"
    """Template of a listing page's URL, with {page}."""
    first_page: int = 1
    """Number of the first listing page."""
    last_page: int = 10
    """Number of the last listing page."""
    product: str = "article.product"
    """Selector of one product on the page."""


class CatalogueScaffolder(dg.Scaffolder[ScaffoldParameters]):
    """Writes a new catalogue's `defs.yaml`, and the schema for editors beside its folder."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParameters]:
        """The options of `dg scaffold defs`."""
        return ScaffoldParameters

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParameters]) -> None:
        """Write the files.

        Raises:
            UsageError: what was asked for cannot be a catalogue.
            CatalogueError: one of the options is not what a YAML may hold.
        """
        folder = request.target_path
        try:
            text = _checked_text(request)
        except CatalogPipelineError:
            # `dg` has made the folder, and would not take it a second time.
            if not request.append and not any(folder.iterdir()):
                folder.rmdir()
            raise
        (folder / FILE_NAME).write_text(text, encoding="utf-8")
        (folder.parent / SCHEMA_FILE_NAME).write_text(schema_text(), encoding="utf-8")


def _checked_text(request: dg.ScaffoldRequest[ScaffoldParameters]) -> str:
    folder = request.target_path
    if request.scaffold_format != "yaml":
        raise UsageError("A catalogue is a YAML file; leave out --format python.")
    if request.append:
        raise UsageError(f"A file holds one catalogue; give one of its own, not {folder}.")
    try:
        checked_catalogue_name(folder.name)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    return new_catalogue(folder.name, request.type_name, request.params)


def new_catalogue(name: str, type_name: str, parameters: ScaffoldParameters) -> str:
    """The text of a new catalogue's YAML.

    Raises:
        CatalogueError: one of the parameters is not what a YAML may hold.
    """
    values = {key: _yaml_text(value) for key, value in parameters.model_dump().items()}
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    text = template.substitute(values, name=name, type=type_name)
    reader_of(catalogue_from_attributes(name, yaml.safe_load(text)["attributes"]))
    return text


def _yaml_text(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    is_plain = _PLAIN.fullmatch(value) and ": " not in value and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value, ensure_ascii=False)
