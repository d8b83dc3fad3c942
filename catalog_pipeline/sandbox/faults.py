"""What can go wrong with one page, and how a person writes it: `17=500`, `login=503(2):1`.

Belongs here: the kinds of fault and the reading of their text form.
Does not belong here: how a fault looks on the wire (see broken_answers).
"""

import re
from dataclasses import dataclass

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.poison import POISON

STATUS_KINDS = ("404", "410", "429", "500", "503")
KINDS = (
    *STATUS_KINDS,
    "reset",
    "hang",
    "slow",
    "truncated",
    "empty",
    "no-price",
    "call-for-price",
    "garbage",
    "wrong-type",
    "redirect",
    "to-first",
    "repeat",
    "block",
    *POISON,
)
# Seconds taken where the text gives none: Retry-After of a 429, and how long a slow body drips.
DEFAULT_SECONDS = {"429": 1, "503": None, "slow": 30}
LOGIN = 0
"""Stands for the members' login page where a listing page has its number."""
FORM = "PAGE=KIND, PAGE=KIND:TIMES or PAGE=KIND(SECONDS)"

_TEXT = re.compile(
    r"(?P<page>[0-9]+|login)=(?P<kind>[a-z0-9-]+)(?:\((?P<seconds>[0-9]+)\))?(?::(?P<times>[0-9]+))?"
)


@dataclass(frozen=True)
class Fault:
    """A fault of one listing page, or of `LOGIN`.

    `times` is how many requests it meets before the page is well (None: all of them);
    `seconds` is the Retry-After of 429 and 503 and the duration of a slow body.
    """

    page: int
    kind: str
    times: int | None = None
    seconds: int | None = None

    def __str__(self) -> str:
        seconds = "" if self.seconds is None else f"({self.seconds})"
        times = "" if self.times is None else f":{self.times}"
        page = "login" if self.page == LOGIN else self.page
        return f"{page}={self.kind}{seconds}{times}"


def parse_fault(text: str) -> Fault:
    """Read one fault from its text form.

    Raises:
        UsageError: it is none; says what is allowed.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"fault {text!r} is not of the form {FORM}; for example 17=500, 33=503:2 or 8=429(2)"
        )
    page = LOGIN if match["page"] == "login" else int(match["page"])
    kind = match["kind"]
    if match["page"] != "login" and page < 1:
        raise UsageError(f"fault {text!r}: pages start at 1")
    if kind not in KINDS:
        raise UsageError(f"fault {text!r}: unknown kind {kind!r}; allowed are {', '.join(KINDS)}")
    times = None if match["times"] is None else int(match["times"])
    if times == 0:
        raise UsageError(f"fault {text!r}: the number of times must be 1 or more")
    return Fault(page, kind, times, _seconds(text, kind, match["seconds"]))


def _seconds(text: str, kind: str, seconds: str | None) -> int | None:
    if seconds is None:
        return DEFAULT_SECONDS.get(kind)
    if kind not in DEFAULT_SECONDS:
        allowed = ", ".join(DEFAULT_SECONDS)
        raise UsageError(f"fault {text!r}: only {allowed} take a number of seconds")
    return int(seconds)
