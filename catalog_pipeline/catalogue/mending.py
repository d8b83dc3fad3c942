"""What is sound of a catalogue's attributes, so that one mistake hides no other.

What is of a wrong shape gives way: it is left out, or something harmless stands in for it, until
the rest is a catalogue. What is wrong with that one is wrong with the file, too, unless it could
come of what gave way. Not here: what is allowed (`model`), and how a mistake is told (`mistakes`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog_pipeline.catalogue.agreement import needs_of
from catalog_pipeline.catalogue.bounds import NAME_PATTERN
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.scalars import Place

_ABOUT_PAGES = (
    ("page_url", "first_page_url", "first_page", "step", "offset", "product"),
    ("listings", "discover", "pages", "last_page", "records"),
)
"""What gives way, in this order, where it does not agree with each other."""
_OF_PRODUCTS = frozenset({"preset", "product", "records"})
_TOGETHER = frozenset({"preset", "base_url"}.union(*_ABOUT_PAGES)) - {"product", "records"}
"""Keys, each as a whole, of which one says what another one has to be."""
_TELLING: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "follow", "taken"),
    "history": ("history",),
    "login": ("login",),
}
"""How sentences begin words that depend on such a key; on others all depend that need them."""
_STAND_INS: Mapping[str, Any] = {
    "base_url": "https://catalogue.invalid",
    "page_url": "/{listing}?page={page}",
    "last_page": "1",
    "product": "*",
    "fields": {"name": "*"},
}
"""What stands for a key that a catalogue must have."""
_SENTENCE = re.compile(r"[;:.] ")
_SOURCE = frozenset({"select", "json", "of", "attribute"})
"""What a field is reduced to whose keys do not agree with each other."""


@dataclass
class Sound:
    """Attributes without what is wrong with them; their `catalogue` is None if they are none.

    `given_way` has the places, as the file has them, of what is not in it any more.
    """

    values: dict[str, Any]
    catalogue: Catalogue | None = None
    given_way: set[Place] = field(default_factory=set)
    _items: dict[Place, list[str]] = field(default_factory=dict)
    _keys: dict[Place, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Sound:
        """All of the attributes, to be left as they are."""
        values: dict[str, Any] = _copied(attributes)
        return cls(values)

    def written(self, place: Place) -> Place:
        """Where in the file that stands which is at a place of these attributes."""
        found: Place = ()
        for part in place:
            items = self._items.get(found)
            if items is not None and part.isdigit() and int(part) < len(items):
                part = items[int(part)]
            found = (*found, self._keys.get(found, {}).get(part, part))
        return found

    def of_file(self, mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
        """Those of the catalogue's mistakes that are the file's, with their places in it."""
        for mistake in mistakes:
            place = self.written(tuple(mistake.field.split(".")))
            if not self.may_cause(place, mistake.problem):
                yield replace(mistake, field=".".join(place))

    def may_cause(self, place: Place, problem: str) -> bool:
        """Whether a mistake at a place of the file may come of what gave way, or was renamed."""
        renamed = {above for above, keys in self._keys.items() if keys and above}
        return any(may_cause(gone, place, problem) for gone in self.given_way) or any(
            0 < len(place) < len(above) and above[: len(place)] == place for above in renamed
        )

    def has(self, *keys: str) -> bool:
        """Whether none of these gave way as a whole; what is within them may have."""
        return not any(".".join(gone) in keys for gone in self.given_way)

    def leave_out(self, places: Collection[Place], meant: Mapping[Place, str]) -> None:
        """Let what stands at these places give way; a key that is misspelt is taken as `meant`."""
        found = {self._existing(place) for place in places if place}
        within = {place for place in found if any(place[:n] in found for n in range(len(place)))}
        for place in sorted(found - within, key=_from_the_end):
            if place in meant and meant[place] not in self._at(place[:-1]):
                self._rename(place, meant[place])
            else:
                self._leave_out(place)
        if () in places:
            self._leave_out_of_pages()

    def _at(self, place: Place) -> Any:
        found: Any = self.values
        for part in place:
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found

    def _has(self, place: Place) -> bool:
        try:
            self._at(place)
        except (LookupError, TypeError, ValueError):
            return False
        return True

    def _rename(self, place: Place, meant: str) -> None:
        above = self._at(place[:-1])
        self._keys.setdefault(self.written(place[:-1]), {})[meant] = place[-1]
        above[meant] = above.pop(place[-1])

    def _existing(self, place: Place) -> Place:
        """The place, or the section in which something is missing."""
        while len(place) > 1 and not self._has(place):
            place = place[:-1]
        return place

    def _leave_out(self, place: Place) -> None:
        if place[0] == "fields" and len(place) == 2:
            self._reduce_field(place[1])
            return
        above, last, written = self._at(place[:-1]), place[-1], self.written(place)
        if place == ("fields",) and _drop_misnamed(above.get(last), self.given_way):
            return
        self.given_way.add(written)
        if isinstance(above, list):
            items = self._items.setdefault(written[:-1], [str(each) for each in range(len(above))])
            del items[int(last)], above[int(last)]
        elif last in above:
            del above[last]
        elif last == "key":
            fields = above.get("fields")
            above[last] = next(iter(fields if isinstance(fields, dict) else ()), "name")
        elif last in _STAND_INS:
            above[last] = _copied(_STAND_INS[last])

    def _reduce_field(self, name: str) -> None:
        """The field keeps its name, since other parts are about it, and if it can its source."""
        fields = self.values["fields"]
        given, written = fields[name], self.written(("fields", name))
        keys = given.keys() if isinstance(given, dict) else set()
        if keys - _SOURCE and keys & _SOURCE:
            fields[name] = {key: given[key] for key in keys & _SOURCE}
            self.given_way.update((*written, key) for key in keys - _SOURCE)
        else:
            fields[name] = "*"
            self.given_way.add(written)

    def _leave_out_of_pages(self) -> None:
        for keys in _ABOUT_PAGES:
            left = [key for key in keys if key in self.values and (key,) not in self.given_way]
            for key in left:
                self._leave_out((key,))
            if left:
                return


def may_cause(gone: Place, place: Place, problem: str) -> bool:
    """Whether a mistake at a place may come of what is not known, or not there, at another."""
    if place[: len(gone)] == gone:
        return True
    if place in ((), ("attributes",)):
        return gone[0] in {*_TOGETHER, *_OF_PRODUCTS} or gone == ("fields",)
    part = place[0]
    is_whole = len(place) == 1 or part == "listings"
    if is_whole and any({part, gone[0]} <= group for group in (_TOGETHER, _OF_PRODUCTS)):
        return True
    # Behind the first sentence stands what is allowed.
    words = re.findall(r"\w+", f"{'.'.join(place)} {_SENTENCE.split(problem)[0]}".lower())
    if len(gone) == 1:
        telling = _TELLING.get(gone[0], ("",))
        return gone[0] in needs_of(part) and any(word.startswith(telling) for word in words)
    if gone[0] == "fields" and part != "fields":
        return gone[1].lower() in words
    is_above = gone[: len(place)] == place and not gone[-1].isdigit()
    return is_above and any(word.startswith(gone[-1].lower()) for word in words)


def _drop_misnamed(fields: Any, given_way: set[Place]) -> bool:
    """Leave out those fields whose names are those of no columns; returns whether there are any."""
    given = fields if isinstance(fields, dict) else {}
    names = [name for name in given if not NAME_PATTERN.fullmatch(name)]
    for name in names:
        del fields[name]
        given_way.add(("fields", name))
    return bool(names)


def _from_the_end(place: Place) -> tuple[int, ...]:
    """Sorts deep places before those above them, and the last items of lists before others."""
    return (-len(place), *(-int(part) if part.isdigit() else 0 for part in place))


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list | tuple) else value
