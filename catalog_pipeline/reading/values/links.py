"""Absolute addresses from the links of a page."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from catalog_pipeline.errors import ParseError

_IGNORED = re.compile(r"[\t\n\r]")
_EDGES = "".join(map(chr, range(0x21)))
_UNSAFE = re.compile(r"[^!-~]")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_PLAIN_ABSOLUTE = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?/[!-\[\]-~]*")
_PLAIN_RELATIVE = re.compile(
    r"/?[A-Za-z0-9_~%+-][A-Za-z0-9_.~%+/=&-]*(?:\?[A-Za-z0-9_.~%+/?=&-]+)?"
)


def clean_link(text: str) -> str:
    """A link without the white space that browsers ignore in it."""
    return _IGNORED.sub("", text).strip(_EDGES)


class LinkResolver:
    """Makes the links of one page absolute, against its real address and its `<base>`."""

    def __init__(self, page_url: str, base_href: str | None = None) -> None:
        self._base = _joined(page_url, clean_link(base_href)) if base_href else page_url
        parts = urlsplit(self._base)
        is_plain = parts.scheme in ("http", "https") and "/." not in parts.path
        self._origin = f"{parts.scheme}://{parts.netloc}" if is_plain and parts.netloc else None
        self._folder = f"{self._origin}{parts.path.rpartition('/')[0]}/"

    def absolute(self, link: str) -> str:
        """The http or https address that a link leads to; white space and such is quoted.

        Raises:
            ParseError: it leads to no web address, such as `javascript:` or `mailto:`.
        """
        link = clean_link(link)
        # Both fast paths give what joining gives: it is by far the slowest part of a URL field.
        if _PLAIN_ABSOLUTE.fullmatch(link):
            return link
        folder, rest = self._folder, link
        while rest.startswith("../") and folder.count("/") > 3:
            folder, rest = folder[: folder.rindex("/", 0, -1) + 1], rest[3:]
        is_plain = self._origin and "//" not in link and "/." not in rest
        if is_plain and _PLAIN_RELATIVE.fullmatch(rest):
            return f"{self._origin}{rest}" if rest[0] == "/" else folder + rest
        return _quoted(_joined(self._base, link), link)


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError as error:
        raise ParseError(f"no web address: {error}", found=link[:200]) from error


def _quoted(url: str, link: str) -> str:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and parts.hostname
    except ValueError as error:
        raise ParseError(f"no web address: {error}", found=link[:200]) from error
    if not is_web:
        raise ParseError("no web address (http or https)", found=link[:200])
    if not _UNSAFE.search(url):
        return url
    rest = (quote(part, safe=_PRINTABLE, errors="replace") for part in parts[2:])
    return urlunsplit((parts.scheme, parts.netloc, *rest))
