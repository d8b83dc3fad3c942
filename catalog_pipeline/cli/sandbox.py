"""`catalog-pipeline sandbox`: the practice shop in the foreground, with faults if wanted."""

from __future__ import annotations

import click

from catalog_pipeline.sandbox.days import HALF_DAY, LAST_DAY, OUTAGE_DAY, RENAMED_DAY
from catalog_pipeline.sandbox.faults import KINDS, parse_fault
from catalog_pipeline.sandbox.server import run_shop
from catalog_pipeline.sandbox.settings import DEFAULT_PORT, ENDS, ShopSettings


@click.command(
    epilog=f"Kinds of faults: {', '.join(KINDS)}. Another day, while it is open: curl --json "
    f"""'{{"day": 2}}' http://127.0.0.1:PORT/__control."""
)
@click.option("--port", type=int, help=f"Port; without it {DEFAULT_PORT}, or a free one.")
@click.option("--pages", type=int, default=50, show_default=True, help="Listing pages.")
@click.option("--page-size", type=int, default=20, show_default=True, help="Products per page.")
@click.option("--latency-ms", type=int, default=0, show_default=True, help="Delay of each answer.")
@click.option("--session-requests", type=int, help="Requests after which a session expires.")
@click.option(
    "--end",
    type=click.Choice(ENDS),
    default=ENDS[0],
    show_default=True,
    help="What is beyond the last page.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="PAGE=KIND",
    help="Break a page: 17=500; 33=503:2 only the first two times; login=503; may be repeated.",
)
@click.option(
    "--day",
    type=int,
    help=f"Let it be a day from 1 to {LAST_DAY:,} on which prices have moved and goods have come, "
    f"gone and returned; on {RENAMED_DAY} every second price is marked up otherwise, on "
    f"{OUTAGE_DAY} a third of the pages cannot be had, on {HALF_DAY} half of them is shown.",
)
@click.option("--log", is_flag=True, help="Print each request with the status of its answer.")
def command(
    port: int | None,
    pages: int,
    page_size: int,
    latency_ms: int,
    session_requests: int | None,
    end: str,
    faults: tuple[str, ...],
    day: int | None,
    log: bool,
) -> int:
    """Serve the practice shop on loopback until Ctrl-C."""
    settings = ShopSettings(
        pages=pages,
        page_size=page_size,
        latency_ms=latency_ms,
        faults=tuple(parse_fault(text) for text in faults),
        session_requests=session_requests,
        end=end,
        day=day,
        is_logged=log,
    )
    run_shop(settings, port)
    return 0
