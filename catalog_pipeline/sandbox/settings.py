"""What can be chosen about a practice shop before it opens.

Belongs here: the settings, their defaults and their limits.
Does not belong here: anything that changes while the shop runs (see shop).
"""

from dataclasses import dataclass

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.days import LAST_DAY
from catalog_pipeline.sandbox.faults import Fault
from catalog_pipeline.sandbox.products import CATEGORIES

HOST = "127.0.0.1"
DEFAULT_PORT = 8108
ENDS = ("404", "empty", "repeat", "redirect")
"""What a shop may answer beyond its last page: that there is none, a page without products, the
last page again, or a redirect to the first one."""


@dataclass(frozen=True)
class ShopSettings:
    """Size, speed, faults and members' credentials of a practice shop.

    `session_requests` is after how many listing requests a member's session expires (None: never);
    `end` is one of `ENDS`; `day` is the one on which it opens (None: no day passes).
    With `is_logged` each request is printed.
    """

    pages: int = 50
    page_size: int = 20
    latency_ms: int = 0
    faults: tuple[Fault, ...] = ()
    session_requests: int | None = None
    end: str = "404"
    day: int | None = None
    is_logged: bool = False
    member_username: str = "member"
    member_password: str = "practice"  # noqa: S105 - known to all who practise
    member_token: str = "practice-token"  # noqa: S105 - known to all who practise

    def __post_init__(self) -> None:
        require_at_least("pages", self.pages, 1)
        require_at_least("page size", self.page_size, 1)
        require_at_least("latency in ms", self.latency_ms, 0)
        require_end(self.end)
        require_day(self.day)
        if self.session_requests is not None:
            require_at_least("requests of a session", self.session_requests, 1)


def require_end(value: object) -> str:
    """Return `value`, one of `ENDS`.

    Raises:
        UsageError: it is none.
    """
    if value not in ENDS:
        raise UsageError(f"practice shop: its end must be one of {', '.join(ENDS)}, not {value!r}")
    return str(value)


def require_day(value: object) -> int | None:
    """Return the day that `value` is, or None for none.

    Raises:
        UsageError: it is none of the shop's days.
    """
    day = None if value is None else require_at_least("day", value, 1)
    if day is not None and day > LAST_DAY:
        raise UsageError(f"practice shop: its last day is {LAST_DAY:,}, not {day:,}")
    return day


def require_categories(value: object) -> tuple[str, ...]:
    """Return the categories that `value` lists.

    Raises:
        UsageError: it is no list of them.
    """
    if not isinstance(value, list) or not set(value) <= set(CATEGORIES):
        raise UsageError(f"practice shop: its categories must be among {', '.join(CATEGORIES)}")
    return tuple(value)


def require_at_least(name: str, value: object, least: int) -> int:
    """Return `value`, a whole number of `least` or more.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(
            f"practice shop: {name} must be a whole number from {least}, not {value!r}"
        )
    return value
