"""The practice shop's process: `python -m catalog_pipeline.sandbox`.

Belongs here: reading the arguments. A person uses `catalog-pipeline sandbox` instead.
"""

import argparse
import sys
from collections.abc import Sequence

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.faults import FORM, parse_fault
from catalog_pipeline.sandbox.server import run_shop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline.showing import as_lines

USAGE_EXIT_CODE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a shop as the arguments say; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = ShopSettings(
            pages=options.pages,
            page_size=options.page_size,
            latency_ms=options.latency_ms,
            faults=tuple(parse_fault(text) for text in options.fault),
            session_requests=options.session_requests,
            end=options.end,
            day=options.day,
            member_username=options.member_username,
            member_password=options.member_password,
            member_token=options.member_token,
        )
        run_shop(settings, options.port, exits_with_parent=options.exit_with_parent)
    except UsageError as error:
        print(as_lines(str(error)), file=sys.stderr)
        return USAGE_EXIT_CODE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m catalog_pipeline.sandbox")
    defaults = ShopSettings()
    parser.add_argument("--port", type=int)
    parser.add_argument("--pages", type=int, default=defaults.pages)
    parser.add_argument("--page-size", type=int, default=defaults.page_size)
    parser.add_argument("--latency-ms", type=int, default=defaults.latency_ms)
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT", help=FORM)
    parser.add_argument("--session-requests", type=int)
    parser.add_argument("--end", default=defaults.end)
    parser.add_argument("--day", type=int)
    parser.add_argument("--member-username", default=defaults.member_username)
    parser.add_argument("--member-password", default=defaults.member_password)
    parser.add_argument("--member-token", default=defaults.member_token)
    parser.add_argument("--exit-with-parent", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
