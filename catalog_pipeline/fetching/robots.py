"""What a site's robots.txt allows: which pages, and how fast (RFC 9309, protego).

Reading the rules only; fetching the file, with the redirects and retries of any other exchange, is
the crawl's.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

MAX_ROBOTS_BYTES = 500 * 1024
"""What is read of a robots.txt; rules after that do not count (RFC 9309, section 2.5)."""

MAX_ROBOTS_REDIRECTS = 5
"""Redirects followed to a robots.txt, to other hosts too (RFC 9309, section 2.3.1.2)."""


def robots_address(url: str) -> str:
    """Return the URL of the robots.txt that holds for `url`: at the root of its host and port."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))


@dataclass(frozen=True)
class RobotsRules:
    """The rules of one host. `refusal` says why nothing at all may be fetched, if that is so."""

    rules: Protego
    refusal: str = ""
    allows_all: bool = False
    """Whether there is no rule at all, so that no page needs to be looked up."""

    @classmethod
    def from_answer(
        cls, status: int | None, body: bytes = b"", problem: str = "no usable answer"
    ) -> RobotsRules:
        """Read the rules from the final answer for robots.txt; `status` None means that there was
        none because of the `problem`.

        2xx: the rules in `body`. 3xx (too many redirects) and 4xx: there are none, all is
        allowed. No answer, 5xx, and 429 (which says nothing of the file): nothing is allowed
        until the site answers.
        """
        if status is None:
            return cls.unreachable(problem)
        if status >= 500 or status == 429:
            return cls.unreachable(f"HTTP {status}")
        text = _readable_part(body) if 200 <= status < 300 else ""
        return cls(Protego.parse(text), allows_all=not text.strip())

    @classmethod
    def unreachable(cls, problem: str) -> RobotsRules:
        """Rules for a site whose robots.txt could not be had: nothing is allowed."""
        return cls(Protego.parse(""), f"robots.txt could not be fetched ({problem})")

    def is_allowed(self, url: str, agent: str) -> bool:
        """Whether `agent` (a User-Agent header or its product token) may fetch `url`."""
        return not self.refusal and self.rules.can_fetch(url, agent)

    def why_not(self, url: str, agent: str) -> str:
        """Return one sentence that says why `url` may not be fetched; empty if it may."""
        if self.allows_all:
            return ""
        if self.refusal:
            return f"{self.refusal}; until it answers, nothing may be fetched (RFC 9309)"
        if self.rules.can_fetch(url, agent):
            return ""
        return (
            f"robots.txt does not allow it for the user agent {agent!r} "
            "(politeness.obey_robots: false ignores robots.txt)"
        )

    def crawl_delay(self, agent: str) -> float | None:
        """Seconds between two requests, with fractions, or None."""
        return self.rules.crawl_delay(agent) or None

    def max_requests_per_second(self, agent: str) -> float | None:
        """The stricter of Crawl-delay and Request-rate, or None if the file gives neither.

        A Request-rate with hours of validity counts at every hour.
        """
        delay = self.crawl_delay(agent)
        wanted = self.rules.request_rate(agent)
        rates = [
            *([1 / delay] if delay else []),
            *([wanted.requests / wanted.seconds] if wanted else []),
        ]
        return min(rates, default=None)

    def max_concurrency(self, agent: str) -> int | None:
        """1 where a Crawl-delay is given: its site wants one request after the other."""
        return 1 if self.crawl_delay(agent) else None


def _readable_part(body: bytes) -> str:
    """The text that counts, without a rule that the size limit has cut in two."""
    part = body[:MAX_ROBOTS_BYTES]
    if len(body) > MAX_ROBOTS_BYTES:
        part = part[: max(part.rfind(b"\n"), part.rfind(b"\r")) + 1]
    return part.decode("utf-8-sig", errors="replace")
