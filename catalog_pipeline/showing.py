"""Text from a site or a server, made harmless for the medium that shows it: one gate for each.

A value keeps its content where it is data, as in page files and tables; it passes a gate where
people read it. Secrets are no matter of these gates (`catalog_pipeline.fetching.secrets`).
"""

from __future__ import annotations

import html
import re
import unicodedata

_INVISIBLE = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2028\u2029\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")
"""Joiners are part of many scripts' words and of emoji; they move and hide nothing."""
_LOOKS_LIKE_A_LINK = re.compile(r"://|www\.|@|mailto:|xmpp:", re.IGNORECASE)
_PAGE_AND_ADDRESS = re.compile(r"page [A-Za-z0-9_-]+ https?://[A-Za-z0-9.:/?=&%-]+: ")
_LIVE = re.compile(r"[\\`*_{}\[\]<>!|~&#@^$]|://|www\.|^\s*(?:[-+=]|[0-9]+[.)]\s)", re.IGNORECASE)
_ENDS = r";\t\r\n"
_BLANKS = r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad"
_BLANKS += "\u200b-\u200f\u2028-\u202f\u2060-\u2069\u3000\ufeff"
_SIGNS = r"=+\-@" + "\uff1d\uff0b\uff0d\uff20\u2212"
FORMULA = rf"(^|[{_ENDS}])([{_BLANKS}]*[{_SIGNS}])"
"""Where a spreadsheet may find a formula in a cell of a CSV file: at the beginning, and behind what
it may take for the end of the cell before, such as the semicolon in half of Europe."""
AS_NO_FORMULA = r"\1'\2"
_LOOK_ALIKES = str.maketrans(
    {"@": "\uff20", "<": "\uff1c", ">": "\uff1e", "[": "\uff3b", "]": "\uff3d"}
)
_CODE = re.compile(r"(`+) (.*) \1")
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+.!~>:/=^$@-])")


def as_line(text: str) -> str:
    """A text on one line of a terminal or log.

    Control characters, and with them the beginning of every escape sequence, bidirectional
    controls and characters that cannot be seen become visible as in a Python text: `\\x1b`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, from whose middle is left out what is too much."""
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 4
    return f"{text[:head]} … {text[-tail:]}"


def as_lines(text: str) -> str:
    """A text whose line breaks are meant; all else as on one line."""
    return "\n".join(as_line(line) for line in text.split("\n"))


def as_message(text: str) -> str:
    """A text on one line of a message to people: in it nobody is mentioned, and nothing is a tag,
    a picture or a link with another text.

    Some services take Markdown or HTML for it, and ring for whoever stands behind an `@`, in what
    is sent to them as plain text, too. Characters that look like these take their places.
    """
    return as_line(text).translate(_LOOK_ALIKES)


def as_markdown(text: str) -> str:
    """A text on one line in which nothing is Markdown, HTML, a link or a picture.

    What might be taken for an address becomes code, since Markdown finds links in plain text too.
    """
    line = as_line(text)
    if _LOOKS_LIKE_A_LINK.search(line):
        return _as_code(line)
    line = _PUNCTUATION.sub(r"\\\1", line.replace("&", "&amp;"))
    return line.replace("<", "&lt;").replace("|", "&#124;")


def as_description(text: str) -> str:
    """A sentence of ours that is taken for Markdown and may hold a text of a site.

    It stays as it is if nothing in it means anything to Markdown; the address of a page at its
    beginning is a link that is meant.
    """
    line = as_line(text)
    meant = _PAGE_AND_ADDRESS.match(line)
    rest = line[meant.end() :] if meant else line
    return as_markdown(text) if _LIVE.search(rest) else line


def from_description(line: str) -> str:
    """The text of which `as_description` made that line."""
    code = _CODE.fullmatch(line)
    if code is not None:
        return code[2]
    return html.unescape(re.sub(r"\\(.)", r"\1", line)) if _LIVE.search(line) else line


def as_html(text: str) -> str:
    """A text on one line in which nothing is HTML, also within the quotes of an attribute."""
    return html.escape(as_line(text))


def as_cell(text: str) -> str:
    """A text in which a spreadsheet that opens a CSV file finds no formula.

    An apostrophe stands before what might begin one; a text without such a place stays as it is.
    """
    return re.sub(FORMULA, AS_NO_FORMULA, text)


def _as_code(line: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    # A bar would end a table's cell, even within code.
    return f"{fence} {line.replace('|', chr(0xA6))} {fence}"


def _visible(character: str) -> str:
    if character in _JOINERS or (character.isprintable() and character not in _INVISIBLE):
        return character
    if unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
