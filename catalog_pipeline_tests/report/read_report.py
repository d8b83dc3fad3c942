"""A report as a program reads it: its texts, its data and what it lets run; helpers, no tests."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from typing import Any

import lxml.html


class ReadReport:
    """The page of a report."""

    def __init__(self, page: bytes) -> None:
        self.page = page
        self.root: Any = lxml.html.document_fromstring(page.decode())

    def texts(self, selector: str) -> list[str]:
        """What a person reads in elements, each on one line."""
        return [text_of(each) for each in self.root.cssselect(selector)]

    def data(self, name: str) -> Any:
        """What is packed into an element."""
        (element,) = self.root.cssselect(f"#data-{name}")
        return json.loads(zlib.decompress(base64.b64decode(element.text)))

    @property
    def plots(self) -> dict[str, Any]:
        """The plots that are drawn, by where."""
        return {item["target_id"]: item for item in self.data("plots")}

    def course(self, column: str, key: str) -> list[tuple[int, Any]]:
        """How a column of a product went: seconds and values."""
        names = self.data("names")
        place = names["keys"].index(key)
        for number in range(len(self.root.cssselect("script[id^=data-course-]"))):
            course = self.data(f"course-{number}")
            if course["name"] == column:
                start = sum(course["counts"][:place])
                end = start + course["counts"][place]
                times = [sum(course["times"][: each + 1]) for each in range(start, end)]
                return list(zip(times, course["values"][start:end], strict=True))
        raise KeyError(column)

    @property
    def markup(self) -> list[tuple[str, list[str]]]:
        """All elements with the names of their attributes, and where links lead to."""
        return [
            (element.tag, [*element.keys(), str(element.get("href"))])
            for element in self.root.iter()
        ]

    @property
    def allowed(self) -> str:
        """The policy of the page."""
        (meta,) = self.root.cssselect("meta[http-equiv=Content-Security-Policy]")
        return str(meta.get("content"))

    def digests(self) -> list[str]:
        """Those of the scripts that are there, as the policy names them."""
        scripts = re.findall(rb"<script>(.*?)</script>", self.page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(each).digest()).decode() for each in scripts]
        return [f"'sha256-{digest}'" for digest in digests]


def text_of(element: Any) -> str:
    """What a person reads in an element, on one line."""
    return " ".join(" ".join(element.itertext()).split())
