"""The plots of a report, drawn by Bokeh in whatever browser shows it.

Bokeh, since its JavaScript comes in its wheel, in the version that belongs to it, under the BSD
licence, and is 1.3 MB: Plotly's alone is as large as a report may be, Vega compiles its expressions
as it runs, which a page that forbids it refuses, and pictures made here could not show the product
that somebody looks for. Only `bokeh.min.js` is taken: no widgets, no toolbar, no code in a plot.

Colours are no matter here: the page gives them to what has a tag, by the scheme of the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Literal

from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    DataRange1d,
    DatetimeTicker,
    FactorRange,
    HoverTool,
    NumeralTickFormatter,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from catalog_pipeline.report.facts import RecordedBuild
from catalog_pipeline.tables.history.reading import BuildChanges

HEIGHT = 230
MOST_BUILDS_OF_COLUMNS = 120
ACCENT, SECOND, THIRD, FOURTH = "accent", "second", "third", "fourth"
"""Tags of what the page gives a colour to."""
AREA = "area"
"""Tag of what has no line round it."""
_DAY = timedelta(days=1) / timedelta(milliseconds=1)
_NUMBER = "0,0.[0000]"
_MOST_TIMES = 4
_KINDS = {"new": SECOND, "gone": THIRD, "returned": FOURTH, "changed": ACCENT}


@dataclass(frozen=True)
class Plot:
    """A plot and what a person reads above it; `item` is what Bokeh makes it of."""

    id: str
    heading: str
    item: dict[str, Any]


def library() -> str:
    """Bokeh's JavaScript."""
    (code,) = Resources(mode="inline", minified=True, components=["bokeh"]).js_raw[:1]
    return code


def product_plot() -> Plot:
    """The plot of one number of one product, whose data the page puts in."""
    plot = _figure("mouse", [("", "@told")])
    line = ColumnDataSource({"x": [], "y": []}, name="line")
    points = ColumnDataSource({"x": [], "y": [], "told": []}, name="points")
    plot.line("x", "y", source=line, line_width=2, tags=[ACCENT])
    dots = plot.scatter("x", "y", source=points, size=7, tags=[ACCENT])
    plot.hover.renderers = [dots]
    return _made("product-plot", "", plot)


def plots_over_time(
    builds: Sequence[RecordedBuild], changes: Sequence[BuildChanges]
) -> Iterator[Plot]:
    """Rows, coverage, medians and changes, as far as they are known."""
    if builds:
        plot = _over_time(builds, [build.rows for build in builds], "0,0")
        plot.y_range = DataRange1d(default_span=10, range_padding=0.15)
        plot.yaxis.ticker = BasicTicker(min_interval=1)
        yield _made("plot-rows", "Rows of the table", plot)
        shares = [build.coverage for build in builds]
        plot = _over_time(builds, shares, "0.[00]%")
        plot.y_range = DataRange1d(start=0, end=1.05)
        yield _made("plot-coverage", "Coverage: pages in the table", plot)
    for number, name in enumerate(medians_of(builds)):
        plot = _over_time(builds, [build.medians.get(name) for build in builds])
        yield _made(f"plot-median-{number}", median_told(name), plot)
    if changes:
        yield _made("plot-changes", "Changes by build", _changes(changes))


def plot_of_columns(builds: Sequence[RecordedBuild]) -> Plot | None:
    """How full each column was in each of the last builds; None if that is not known."""
    builds = builds[-MOST_BUILDS_OF_COLUMNS:]
    columns = list(dict.fromkeys(name for build in builds for name in build.filled))
    cells = [
        (place, column, share, max(share**2, 0.06), f"{build.at:%Y-%m-%d %H:%M}")
        for place, build in enumerate(builds)
        for column in columns
        if (share := build.share(column)) is not None
    ]
    if not cells:
        return None
    places, names, shares, strengths, times = (list(each) for each in zip(*cells, strict=True))
    source = ColumnDataSource(
        {"x": places, "y": names, "share": shares, "strength": strengths, "at": times}
    )
    plot = figure(
        height=70 + 22 * len(columns), sizing_mode="stretch_width", toolbar_location=None,
        tools="", y_range=FactorRange(factors=list(reversed(columns))),
        x_range=DataRange1d(range_padding=0, bounds="auto"),
    )  # fmt: skip
    plot.add_tools(
        HoverTool(tooltips=[("column", "@y"), ("as of", "@at"), ("filled", "@share{0.[00]%}")])
    )
    plot.rect(
        "x", "y", width=1, height=0.86, source=source, line_color=None,
        fill_alpha="strength", tags=[ACCENT, AREA],
    )  # fmt: skip
    _style(plot)
    plot.xaxis.visible = False
    plot.grid.visible = False
    return _made("plot-columns", "", plot)


def median_told(name: str) -> str:
    """What a median is of, by its key in the metadata."""
    column, _, currency = name.rpartition("_median")
    return f"Median of {column}" + (f", {currency.removeprefix('_')}" if currency else "")


def medians_of(builds: Sequence[RecordedBuild]) -> list[str]:
    """The medians that there are; those of a price by its currency, where that is known."""
    names = list(dict.fromkeys(name for build in builds for name in build.medians))
    by_currency = {name for name in names if any(each.startswith(f"{name}_") for each in names)}
    return [name for name in names if name not in by_currency]


def _over_time(
    builds: Sequence[RecordedBuild], values: Sequence[float | None], form: str = _NUMBER
) -> figure:
    plot = _figure("vline", [("as of", "@x{%F %H:%M}"), ("", f"@y{{{form}}}")])
    nothing = float("nan")
    source = ColumnDataSource(
        {
            "x": [build.at for build in builds],
            "y": [nothing if value is None else value for value in values],
        }
    )
    plot.line("x", "y", source=source, line_width=2, tags=[ACCENT])
    dots = plot.scatter("x", "y", source=source, size=5, tags=[ACCENT])
    plot.hover.renderers = [dots]
    plot.yaxis.formatter = NumeralTickFormatter(format=form)
    return plot


def _changes(changes: Sequence[BuildChanges]) -> figure:
    told = [("as of", "@x{%F %H:%M}"), *((kind, f"@{kind}") for kind in _KINDS)]
    plot = _figure("vline", told)
    kinds = {kind: [each.kinds.get(kind, 0) for each in changes] for kind in _KINDS}
    source = ColumnDataSource({"x": [each.at for each in changes], **kinds})
    days = [(b.at - a.at) / timedelta(days=1) for a, b in pairwise(changes)]
    width = min([day for day in days if day > 0], default=1.0) * 0.8 * _DAY
    bars = plot.vbar_stack(list(_KINDS), x="x", width=width, source=source, line_color=None)
    for bar, tag in zip(bars, _KINDS.values(), strict=True):
        bar.glyph.tags = [tag, AREA]
    plot.hover.renderers = [bars[-1]]
    plot.y_range = DataRange1d(start=0, range_padding=0.15)
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.yaxis.ticker = BasicTicker(min_interval=1)
    return plot


def _figure(mode: Literal["mouse", "vline"], tooltips: list[tuple[str, str]]) -> figure:
    plot = figure(
        height=HEIGHT, sizing_mode="stretch_width", x_axis_type="datetime",
        toolbar_location=None, tools="",
        x_range=DataRange1d(default_span=2 * _DAY), y_range=DataRange1d(range_padding=0.15),
    )  # fmt: skip
    # More of them would stand over each other on a telephone.
    plot.xaxis.ticker = DatetimeTicker(desired_num_ticks=_MOST_TIMES)
    plot.add_tools(HoverTool(tooltips=tooltips, mode=mode, formatters={"@x": "datetime"}))
    _style(plot)
    return plot


def _style(plot: figure) -> None:
    plot.border_fill_color = plot.background_fill_color = None
    for axis in plot.axis:
        axis.minor_tick_line_color = None
        axis.major_label_text_font_size = "12px"
        axis.major_label_text_font = "system-ui, sans-serif"


def _made(identity: str, heading: str, plot: figure) -> Plot:
    return Plot(identity, heading, dict(json_item(plot, ID(identity))))
