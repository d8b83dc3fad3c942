"""The file of a report: its page, its data and its scripts, all in one, which asks nobody.

Each value on the page passes the gate for HTML, whatever it is; what is packed passed that for
lines. The page lets nothing run but the scripts that are written here, by their digests.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from catalog_pipeline.report import plots
from catalog_pipeline.report.facts import Gathered, Recorded
from catalog_pipeline.report.packing import course_of, links_of, names_of, packed
from catalog_pipeline.report.tables import Shown, shown_tables
from catalog_pipeline.showing import as_html

MOST_DATA_BYTES = 3_400_000
"""Of what is packed; with Bokeh and the tables the file has less than 5 MB then."""


@dataclass(frozen=True)
class Subject:
    """Of what a report is, and when it is made."""

    name: str
    site: str
    made_at: datetime


def report_page(subject: Subject, recorded: Recorded, gathered: Gathered) -> bytes:
    """The whole file."""
    drawn = list(plots.plots_over_time(recorded.builds, gathered.changes))
    of_columns = plots.plot_of_columns(recorded.builds)
    all_plots = [
        *drawn,
        *([of_columns] if of_columns else []),
        *([plots.product_plot()] if gathered.columns and gathered.products else []),
    ]
    data, left_out = _data(gathered, [plot.item for plot in all_plots])
    tables = shown_tables(recorded, gathered)
    notes = [*_warnings(subject, recorded), *gathered.notes, *([left_out] if left_out else [])]
    scripts = [_script(plots.library()), _script(_asset("page.js"))]
    return _rendered(subject, tables, notes, data, scripts, drawn).encode()


def _warnings(subject: Subject, recorded: Recorded) -> list[str]:
    """What is said before all else."""
    told = [f"Of the last build: {note}." for note in recorded.notes]
    if recorded.outdated is None:
        return told
    first = (
        f"The table is not of today: {recorded.outdated}. What is shown here is of its last build; "
        f"catalog-pipeline run {subject.name} builds it, or says why not."
    )
    return [first, *told]


def _data(gathered: Gathered, items: Sequence[Any]) -> tuple[dict[str, str], str | None]:
    """What the page's script reads, by the element's id; and what had no place in it."""
    found = {"data-plots": packed(items)}
    products = gathered.products
    if not products:
        return found, None
    found["data-names"] = packed(names_of(products))
    optional: list[tuple[str, str, Any]] = [("data-links", "the links", lambda: links_of(products))]
    for place, column in enumerate(gathered.columns):
        told = {"name": column.name, "type": str(column.type)}
        if place == 0:
            found["data-course-0"] = packed(told | course_of(products, column))
            continue
        optional.append(
            (f"data-course-{place}", column.name,
             lambda column=column, told=told: told | course_of(products, column))
        )  # fmt: skip
    left_out: list[str] = []
    for identity, name, value in optional:
        block = "" if left_out else packed(value())
        if not block or sum(map(len, found.values())) + len(block) > MOST_DATA_BYTES:
            left_out.append(name)
        else:
            found[identity] = block
    if not left_out:
        return found, None
    return found, f"So that this file stays small, it lacks {', '.join(left_out)} of the products."


def _rendered(
    subject: Subject,
    tables: Shown,
    notes: Sequence[str],
    data: Mapping[str, str],
    scripts: Sequence[str],
    drawn: Sequence[plots.Plot],
) -> str:
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return _template().render(
        policy=(
            f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data:; "
            f"base-uri 'none'; form-action 'none'"
        ),
        name=subject.name,
        site=subject.site,
        made_at=f"{subject.made_at:%Y-%m-%d %H:%M}",
        style=Markup(_asset("page.css")),  # noqa: S704 - a file of this package
        notes=notes,
        plots=drawn,
        data=data.items(),
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - not of the site
        product=_product,
        **vars(tables),
    )


@cache
def _template() -> Any:
    environment = Environment(
        autoescape=True, finalize=_gated, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.from_string(_asset("page.html"))


def _gated(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(as_html(str(value)))  # noqa: S704


def _product(place: int | None, name: str) -> Markup:
    """A product's name, which leads to its plot if it can be looked for."""
    if place is None:
        return _gated(name)
    return Markup('<button type="button" data-product="{}" disabled>{}</button>').format(
        place, _gated(name)
    )


def _script(code: str) -> str:
    """Code as the text of an element: what would end it, or begin a comment, is written otherwise.

    Browsers read line ends as one character, and take the digest of that.
    """
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    return code.replace("</script", "<\\/script").replace("<!--", "\\x3C!--")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
