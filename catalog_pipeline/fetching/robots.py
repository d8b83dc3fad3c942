"""What a site's robots.txt allows: which pages, and how fast (RFC 9309, protego).

Reading the rules only; fetching the file, with the redirects and retries of any other exchange, is
the crawl's.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from protego import Protego

MAX_ROBOTS_BYTES = 500 * 1024
"""What is read of a robots.txt; rules after that do not count (RFC 9309, section 2.5)."""

MAX_ROBOTS_REDIRECTS = 5
"""Redirects followed to a robots.txt, to other hosts too (RFC 9309, section 2.3.1.2)."""

LONGEST_DELAY_SECONDS = 24 * 60 * 60.0
"""The longest wish for a pause between two requests that a crawl can keep."""

_SHORTEST_DELAY_SECONDS = 1e-5
"""A shorter wish limits nothing: no crawl sends that many requests."""

_AGENT_LINE = re.compile(r"user[- ]?agent(?:\s*:|\s)\s*(.*)", re.IGNORECASE)
_RULE_LINE = re.compile(r"(?:allow|dis{1,2}al{1,2}ow|diasllow|disallaw)(?:\s*:|\s)", re.IGNORECASE)
_DELAY_LINE = re.compile(r"crawl[- ]delay(?:\s*:|\s)\s*(\S+)", re.IGNORECASE)
_RATE_LINE = re.compile(
    r"request[- ]rate(?:\s*:|\s)\s*([0-9]+)\s*/\s*([0-9]+)\s*([smhd]?)(?:\s|$)", re.IGNORECASE
)
_OTHER_GROUP_LINE = re.compile(
    r"(?:crawl[- ]delay|request[- ]rate|visit[- ]time)(?:\s*:|\s)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s/*;,()]+")
_COMPATIBLE = re.compile(r"Mozilla/\S+ \(compatible; *([^\s/*;,()]+)", re.IGNORECASE)
_ODD_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line, and robots.txt does not."""
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@lru_cache(maxsize=8)
def robots_address(url: str) -> str:
    """Return the URL of the robots.txt that holds for `url`: at the root of its host and port."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))


def product_token(agent: str) -> str:
    """The name by which robots.txt knows the sender of a User-Agent header, in small letters.

    It is the header's first product; of a browser's header with `(compatible; name/1.0)` the name.
    """
    match = _COMPATIBLE.match(agent.strip()) or _TOKEN.match(agent.strip())
    return match[match.lastindex or 0].lower() if match else ""


@dataclass(frozen=True)
class RobotsRules:
    """The rules of one host. `refusal` says why nothing at all may be fetched, if that is so."""

    text: str = ""
    refusal: str = ""

    @classmethod
    def from_answer(
        cls, status: int | None, body: bytes = b"", problem: str = "no usable answer"
    ) -> RobotsRules:
        """Read the rules from the final answer for robots.txt; `status` None means that there was
        none because of the `problem`.

        2xx: the rules in `body`. 3xx (too many redirects) and 4xx: there are none, all is
        allowed. No final answer, 5xx, and 429 (which says nothing of the file): nothing is allowed
        until the site answers.
        """
        if status is None:
            return cls.unreachable(problem)
        if status < 200 or status >= 500 or status == 429:
            return cls.unreachable(f"HTTP {status}")
        return cls(_readable_part(body) if status < 300 else "")

    @classmethod
    def unreachable(cls, problem: str) -> RobotsRules:
        """Rules for a site whose robots.txt could not be had: nothing is allowed."""
        return cls(refusal=f"robots.txt could not be fetched ({problem})")

    def is_allowed(self, url: str, agent: str) -> bool:
        """Whether `agent` (a User-Agent header or its product token) may fetch `url`."""
        return not self.refusal and self._group(agent).allows(url)

    def why_not(self, url: str, agent: str) -> str:
        """Return one sentence that says why `url` may not be fetched; empty if it may."""
        if self.refusal:
            return f"{self.refusal}; until it answers, nothing may be fetched (RFC 9309)"
        if self._group(agent).allows(url):
            return ""
        return (
            f"robots.txt does not allow it for the user agent {agent!r} "
            "(politeness.obey_robots: false ignores robots.txt)"
        )

    def crawl_delay(self, agent: str) -> float | None:
        """Seconds between two requests by Crawl-delay, with fractions, or None."""
        return self._group(agent).crawl_delay or None

    def delay_seconds(self, agent: str) -> float | None:
        """Seconds between two requests by the stricter of Crawl-delay and Request-rate, or None.

        It may be longer than any crawl can keep, even infinite. A Request-rate with hours of
        validity counts at every hour.
        """
        group = self._group(agent)
        longest = max(group.crawl_delay, group.request_interval)
        return longest if longest >= _SHORTEST_DELAY_SECONDS else None

    def max_requests_per_second(self, agent: str) -> float | None:
        """What `delay_seconds` comes to as a rate."""
        delay = self.delay_seconds(agent)
        return 1 / delay if delay else None

    def max_concurrency(self, agent: str) -> int | None:
        """1 where a Crawl-delay is given: its site wants one request after the other."""
        return 1 if self.crawl_delay(agent) else None

    def _group(self, agent: str) -> _Group:
        return _group_of(self.text, product_token(agent))


@dataclass(frozen=True)
class _Group:
    """What one robot is told; 0 means that nothing is said of the pace."""

    rules: Protego | None
    crawl_delay: float
    request_interval: float

    def allows(self, url: str) -> bool:
        return self.rules is None or self.rules.can_fetch(url, "*")


@lru_cache(maxsize=8)
def _group_of(text: str, token: str) -> _Group:
    """What `text` says to the robot of that product token: its groups, else those for all.

    Only their lines are kept. A parser that keeps every agent with every rule needs memory and
    time by the product of both, which a small file can drive to gigabytes.
    """
    # Late: workers fetch robots.txt, and leave reading it to the scheduler.
    from protego import Protego

    lines = _lines_for(text, token)
    rules = [line for line in lines if _RULE_LINE.match(line)]
    return _Group(
        rules=Protego.parse("\n".join(["User-agent: *", *rules])) if rules else None,
        crawl_delay=max(map(_crawl_delay, lines), default=0.0),
        request_interval=max(map(_request_interval, lines), default=0.0),
    )


def _lines_for(text: str, token: str) -> list[str]:
    """The lines of all groups that name `token`; if there is no such group, of those for `*`."""
    ours: list[str] = []
    everybodys: list[str] = []
    is_named = is_ours = is_everybodys = False
    in_heading = False
    for line in _content_lines(text):
        agent = _AGENT_LINE.match(line)
        if agent is not None:
            if not in_heading:
                is_ours = is_everybodys = False
            in_heading = True
            is_everybodys |= agent[1].split(maxsplit=1)[:1] == ["*"]
            if token and _agent_token(agent[1]) == token:
                is_ours = is_named = True
        elif _RULE_LINE.match(line) or _OTHER_GROUP_LINE.match(line):
            in_heading = False
            if is_ours:
                ours.append(line)
            if is_everybodys:
                everybodys.append(line)
    return ours if is_named else everybodys


def _content_lines(text: str) -> list[str]:
    """The lines without comments and blanks, none of them with a break that robots.txt lacks."""
    found = (line.partition("#")[0].strip(" \t") for line in re.split(r"[\r\n]+", text))
    return [_ODD_BREAKS.sub(lambda odd: quote(odd[0]), line) for line in found if line]


def _agent_token(value: str) -> str:
    match = _TOKEN.match(value)
    return match[0].lower() if match else ""


def _crawl_delay(line: str) -> float:
    match = _DELAY_LINE.match(line)
    return float(match[1]) if match and _NUMBER.fullmatch(match[1]) else 0.0


def _request_interval(line: str) -> float:
    match = _RATE_LINE.match(line)
    if match is None or not float(match[1]):
        return 0.0
    interval = float(match[2]) * _UNIT_SECONDS[match[3].lower()] / float(match[1])
    return 0.0 if math.isnan(interval) else interval


def _readable_part(body: bytes) -> str:
    """The text that counts, without a rule that the size limit has cut in two."""
    part = body[:MAX_ROBOTS_BYTES]
    if len(body) > MAX_ROBOTS_BYTES:
        part = part[: max(part.rfind(b"\n"), part.rfind(b"\r")) + 1]
    return part.decode("utf-8-sig", errors="replace")
