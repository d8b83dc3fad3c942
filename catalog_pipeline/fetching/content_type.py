"""A Content-Type as browsers read it (Fetch, "extract a MIME type"; MIME Sniffing, "parse").

Servers send it twice, without a semicolon, or with a charset that is none. What the body is then
judged by belongs in `catalog_pipeline.fetching.responses`, its charset in
`catalog_pipeline.reading.html.charset`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import webencodings

_MAX_CHARACTERS = 1000
"""What is looked at: the patterns take time by the square of a line of blanks."""
_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
"""What stands between two commas that are not within quotes."""
_TYPE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?=[;\s(]|$)")
_WORDS = re.compile(r"\s*[^/=;\s]+\s[^/=;]*")
_CHARSET = re.compile(r"""[;\s]\s*charset\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|'?([^\s;"',]+))""", re.I)


@lru_cache(maxsize=16)
def effective_type(header: str | None) -> str | None:
    """The one type that `header` comes to, with its charset if that is known; None if it has none.

    What is several words and no type is given back as it is, for nobody could say what it means. Of
    several the last one that is a type counts, with the charset of one before it that names the
    same type.
    """
    essence, charset = "", ""
    for part in _PART.findall((header or "")[:_MAX_CHARACTERS]):
        match = _TYPE.match(part)
        if match is None and _WORDS.fullmatch(part):
            return part
        if match is None or match[1] == "*/*":
            continue
        named = match[1].lower()
        label = _charset(part[match.end() :])
        charset = label or (charset if named == essence else "")
        essence = named
    if not essence:
        return None
    return f"{essence}; charset={charset}" if charset else essence


def _charset(parameters: str) -> str:
    """The first charset that there is; unknown names say nothing."""
    for match in _CHARSET.finditer(f" {parameters}"):
        label = (match[1] if match[1] is not None else match[2]).replace("\\", "")
        if webencodings.lookup(label) is not None:
            return label
    return ""
