"""The secret values of a catalogue's requests, and texts in which they are hidden.

A site may send back what it was sent: in a price, a link, a redirect, an ETag, an error page.
Whatever of that is shown or recorded goes through here first. A value is recognised as it is,
percent-encoded, with HTML entities, with JSON escapes, in hexadecimal and in Base64, also if the
site mixes them or cuts the value off.

Values of fewer than six characters are not looked for: they would be found where they are not
meant. Values of fewer than twelve count only as whole words, for the same reason, and user names
only if they are e-mail addresses.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from http.cookiejar import CookieJar
from typing import Any, TypeVar, cast

from catalog_pipeline.catalogue.politeness import BearerLogin, Login
from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.records import Cell, Columns
from catalog_pipeline.showing import as_line, as_lines

T = TypeVar("T")

HIDDEN = "•••"
SHORTEST = 6
_UNMISTAKABLE = 12
_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_BACKSLASHES = r"\\{1,16}"
"""Of text that was escaped four times over. Without an end, a run costs time by its square."""
_BASE64_DIGIT = "[A-Za-z0-9+/_-]?"
_EDGE_BEFORE, _EDGE_AFTER = r"(?<![^\W_])", r"(?![^\W_])"


class Secrets:
    """The values that must not be shown; several threads may ask at once.

    Of the cookies in `session` those count that are long enough to be a key to something.
    """

    def __init__(self, values: Iterable[str] = (), session: CookieJar | None = None) -> None:
        self._values = frozenset(value for value in values if len(value) >= SHORTEST)
        self._session = session

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)} values)"

    @classmethod
    def of_site(
        cls, site: Site, environ: Mapping[str, str], session: CookieJar | None = None
    ) -> Secrets:
        """What is known of a site's secrets; a variable that is not set holds none."""
        given = [*site.headers.values(), *site.cookies.values()]
        named = [environ.get(value.env, "") for value in given if not isinstance(value, str)]
        # `Bearer …` and the like: what follows the word is the secret, with the word or without.
        parts = [part for value in named for part in value.split() if len(part) >= _UNMISTAKABLE]
        return cls([*named, *parts, *_of_login(site.login, environ)], session)

    def hide(self, text: str) -> str:
        """The text with dots in the place of each secret value."""
        return _hidden(text, self._known())

    def are_in(self, text: str | None) -> bool:
        """Whether the text holds one of them."""
        return text is not None and self.hide(text) != text

    def hide_in_rows(self, columns: Columns) -> tuple[Columns, int]:
        """The rows with the values hidden, and in how many cells they were."""
        known = self._known()
        if not known or not _is_any_in(columns, known):
            return columns, 0
        hidden = {
            name: [_hidden_cell(cell, known) for cell in cells] for name, cells in columns.items()
        }
        changed = sum(
            before != after
            for name, cells in columns.items()
            for before, after in zip(cells, hidden[name], strict=True)
        )
        return hidden, changed

    def hide_in(self, value: T) -> T:
        """The same value with what is hidden in each text of it: of data classes, lists, maps."""
        found: Any = value
        if isinstance(value, str):
            found = self.hide(value)
        elif isinstance(value, Mapping):
            found = {key: self.hide_in(each) for key, each in value.items()}
        elif isinstance(value, list | tuple):
            found = type(value)(map(self.hide_in, value))
        elif is_dataclass(value) and not isinstance(value, type):
            found = replace(
                value,
                **{part.name: self.hide_in(getattr(value, part.name)) for part in fields(value)},
            )
        return cast("T", found)

    def hide_in_error(self, error: CatalogPipelineError) -> None:
        """Make an error's text and evidence such that it may be shown, on one line and harmless."""
        error.args = tuple(
            as_lines(self.hide(part)) if isinstance(part, str) else part for part in error.args
        )
        for name, value in vars(error).items():
            if isinstance(value, str):
                hidden = self.hide(value)
                # What was found is shown by its `repr`, which makes it harmless itself.
                setattr(error, name, hidden if name == "found" else as_line(hidden))

    def _known(self) -> list[str]:
        # The longest first: a value may be a part of another one.
        cookies = _session_values(self._session) if self._session is not None else frozenset()
        return sorted(self._values | cookies, key=len, reverse=True)


def _hidden_cell(cell: Cell, known: Sequence[str]) -> Cell:
    if isinstance(cell, list):
        return [_hidden(item, known) if isinstance(item, str) else item for item in cell]
    return _hidden(cell, known) if isinstance(cell, str) else cell


def _hidden(text: str, known: Sequence[str]) -> str:
    for value in known:
        text = _matcher(value).hide(text)
    return text


def _is_any_in(columns: Columns, known: Sequence[str]) -> bool:
    """One look at all cells together: hardly any page holds a secret."""
    texts = [
        text
        for cells in columns.values()
        for cell in cells
        for text in (cell if isinstance(cell, list) else (cell,))
        if isinstance(text, str)
    ]
    # A line break is no part of a word: what is found in a cell is found between two of them.
    together = "\n".join(texts)
    return _hidden(together, known) != together


def _of_login(login: Login | None, environ: Mapping[str, str]) -> list[str]:
    if login is None:
        return []
    if isinstance(login, BearerLogin):
        return [environ.get(login.token_env, "")]
    user = environ.get(login.username_env, "")
    password = environ.get(login.password_env, "")
    # Basic authentication sends both of them as one Base64 text, which no part of it begins.
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return [password, pair, *([user] if "@" in user else [])]


def _session_values(jar: CookieJar) -> frozenset[str]:
    """Cookies such as `theme=default` are no secrets, and words of many pages."""
    with jar._cookies_lock:  # type: ignore[attr-defined]
        values = [cookie.value for cookie in jar if cookie.value]
    return frozenset(
        value
        for value in values
        if len(value) >= _UNMISTAKABLE and any(character.isdigit() for character in value)
    )


@dataclass(frozen=True)
class _Matcher:
    """Finds one value: by its beginning, and then as much of it as follows."""

    beginning: re.Pattern[str]
    rest: tuple[re.Pattern[str], ...]
    encoded: re.Pattern[str]

    def hide(self, text: str) -> str:
        text = self.encoded.sub(HIDDEN, text)
        found = self.beginning.search(text)
        if found is None:
            return text
        parts, place = [], 0
        while found is not None:
            parts += [text[place : found.start()], HIDDEN]
            place = found.end()
            for character in self.rest:
                more = character.match(text, place)
                if more is None:
                    break
                place = more.end()
            found = self.beginning.search(text, place)
        return "".join([*parts, text[place:]])


@lru_cache(maxsize=64)
def _matcher(value: str) -> _Matcher:
    is_short = len(value) < _UNMISTAKABLE
    beginning = "".join(map(_written, value[:_UNMISTAKABLE]))
    if is_short:
        beginning = f"{_EDGE_BEFORE}{beginning}{_EDGE_AFTER}"
    encoded = "|".join(_base64_forms(value))
    return _Matcher(
        re.compile(beginning),
        tuple(re.compile(_written(character)) for character in value[_UNMISTAKABLE:]),
        re.compile(f"{encoded}|(?i:{value.encode().hex()})"),
    )


def _written(character: str) -> str:
    """A pattern of all the ways in which texts write a character."""
    number = ord(character)
    ways = [
        re.escape(character),
        "".join(f"%(?:25)?(?i:{byte:02x})" for byte in character.encode()),
        f"&#0*{number};?",
        f"&#(?i:x)0*(?i:{number:x});?",
        rf"{_BACKSLASHES}u(?i:{number:04x})" if number < 0x10000 else _surrogates(character),
        rf"{_BACKSLASHES}(?i:x{number:02x})" if number < 0x100 else "",
        rf"{_BACKSLASHES}{re.escape(character)}" if not character.isalnum() else "",
        f"&{_NAMED[character]};" if character in _NAMED else "",
        r"\+" if character == " " else "",
    ]
    return f"(?:{'|'.join(way for way in ways if way)})"


def _surrogates(character: str) -> str:
    pair = character.encode("utf-16-be").hex()
    return rf"{_BACKSLASHES}u(?i:{pair[:4]}){_BACKSLASHES}u(?i:{pair[4:]})"


def _base64_forms(value: str) -> Iterator[str]:
    """Patterns of its Base64, wherever it begins in what was encoded, in both alphabets.

    At either end a character may hold bits of the value and of what stands beside it.
    """
    content = value.encode()
    for shift in range(3):
        bits = (shift + len(content)) * 8
        whole = base64.b64encode(bytes(shift) + content).decode()
        part = re.escape(whole[-(-shift * 8 // 6) : bits // 6])
        part = part.replace(r"\+", r"[+\-]").replace("/", "[/_]")
        yield f"{_BASE64_DIGIT * bool(shift)}{part}{_BASE64_DIGIT * bool(bits % 6)}=*"
