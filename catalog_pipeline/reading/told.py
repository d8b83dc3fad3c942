"""What a page tells of its listing: which page is the last one, or where the next one is.

A number with two readings, or an address that cannot be one, is a problem in words and no guess.
What follows for the listing is decided in `catalog_pipeline.crawling.scheduling`; the products of
a page are read by a `Reader`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote_plus, urldefrag, urlencode, urlsplit, urlunsplit

from catalog_pipeline.catalogue.length import LastPage, NextPage
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import ParseError, ParseLimitError
from catalog_pipeline.reading.telling_place import Headers, PlaceOnPage
from catalog_pipeline.reading.values.borders import shown
from catalog_pipeline.reading.values.conversion import fold
from catalog_pipeline.reading.values.cut_numbers import check_not_cut
from catalog_pipeline.reading.values.numbers import read_integer
from catalog_pipeline.reading.watch import Place, at_most, evaluating
from catalog_pipeline.records import Told

_SHOWN = 80
_NAMED = 4


class TellingReader:
    """Reads it by the rule of one catalogue; may be shared by threads."""

    def __init__(self, catalogue: Catalogue, rule: LastPage | NextPage) -> None:
        """Check selectors and paths.

        Raises:
            CatalogueError: one of them cannot be used.
        """
        self._catalogue = catalogue
        self._rule = rule
        is_total = isinstance(rule, LastPage) and rule.total is not None
        key = "pages.next" if isinstance(rule, NextPage) else "pages.last"
        self._key = f"{key}.total" if is_total else key
        place = rule.place if isinstance(rule, LastPage) else rule
        self._pattern = rule.place.pattern if isinstance(rule, LastPage) else None
        self._place = PlaceOnPage(catalogue, place, self._key)

    @property
    def needs_headers(self) -> bool:
        """Whether a stored body alone does not tell it."""
        return self._place.is_header

    def read(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str | None = None,
        headers: Headers = (),
        next_links: Sequence[str] = (),
    ) -> Told:
        """What the page tells, or why it cannot be told; a successor is a whole address.

        `next_links` are the addresses of the headers `Link` with `rel=next`.
        """
        by = self._catalogue.telling_version or ""
        try:
            with at_most(self._catalogue.limits.parse_seconds), evaluating(Place.TELLING):
                if isinstance(self._rule, LastPage):
                    texts = self._place.texts(body, content_type, headers)
                    if not texts:
                        raise ParseError(self._place.why_nothing(body, content_type, headers))
                    return self._last(by, self._rule, texts)
                successor = self._next(self._rule, body, url, content_type, next_links)
                return Told(by, successor=successor, found=f"{self._place} finds none")
        except (ParseError, ParseLimitError) as error:
            problem = error.problem
            if isinstance(error, ParseError) and error.found is not None:
                problem += f" (found: {shown(error.found)[:_SHOWN]!r})"
            return Told(by, problem=f"{url} [{self._key} {self._place}]: {problem}")

    def _last(self, by: str, rule: LastPage, texts: list[str]) -> Told:
        """Which page is the last one, and by what."""
        number, first = self._number(texts), self._catalogue.first_key.number
        last, found = number, f"{self._place} = {number}"
        if rule.per_page is not None:
            last = first + -(-number // rule.per_page) - 1
            found = f"{self._place} = {number:,} products, {rule.per_page} on a page"
        if last < first:
            what = "products on a page that shows some" if rule.per_page else "as the last page"
            raise ParseError(f"it says {number} {what}", found=texts[0])
        length = self._catalogue.found_length
        if length is not None and last - first >= length.at_most:
            raise ParseError(
                f"page {last:,} would be the last one, and pages.at_most allows "
                f"{length.at_most:,} pages"
            )
        return Told(by, last=last, total=number if rule.per_page else None, found=found)

    def _number(self, texts: list[str]) -> int:
        """The one number of the texts."""
        numbers: dict[int, str] = {}
        for text in map(fold, texts):
            for part in self._picked(text):
                try:
                    numbers[read_integer(part)] = part
                except ParseError as error:
                    raise ParseError(error.problem, found=part) from error
        if len(numbers) > 1:
            listed = ", ".join(map(repr, list(numbers.values())[:_NAMED]))
            raise ParseError(
                f"it gives {len(numbers)} different numbers ({listed}), of which one can be right"
            )
        return next(iter(numbers))

    def _picked(self, text: str) -> list[str]:
        """The parts of a text that the pattern picks, else all of it."""
        if self._pattern is None:
            return [text]
        compiled = re.compile(self._pattern)
        group = 1 if compiled.groups else 0
        matches = list(compiled.finditer(text))
        parts = [match[group] or "" for match in matches]
        if not parts:
            raise ParseError(f"the pattern {self._pattern} does not match", found=text)
        if not all(parts):
            raise ParseError(f"the pattern {self._pattern} picks nothing", found=text)
        for match in matches:
            check_not_cut(self._pattern, match, group, decimals=False)
        return parts

    def _next(
        self,
        rule: NextPage,
        body: bytes,
        url: str,
        content_type: str | None,
        next_links: Sequence[str],
    ) -> str | None:
        """The address of the next page; None if the page leads to none."""
        texts = next_links if rule.header else self._place.texts(body, content_type, ())
        if rule.param is not None:
            return self._with_cursor(rule.param, texts[0]) if texts else None
        if not texts:
            return None
        links = self._place.links(body, url, content_type)
        addresses = {urldefrag(links.absolute(text.strip())).url for text in texts}
        if len(addresses) > 1:
            listed = ", ".join(sorted(addresses)[:_NAMED])
            raise ParseError(f"it leads to {len(addresses)} different pages: {listed}")
        return addresses.pop()

    def _with_cursor(self, param: str, cursor: str) -> str:
        """The first page's address with the cursor in its parameter."""
        parts = urlsplit(self._catalogue.page_address(self._catalogue.first_key))
        given = parts.query.split("&") if parts.query else []
        # What else is in it stays as it is written: it may be in the site's own charset.
        kept = [each for each in given if unquote_plus(each.partition("=")[0]) != param]
        return urlunsplit(parts._replace(query="&".join([*kept, urlencode([(param, cursor)])])))


def telling_reader(catalogue: Catalogue) -> TellingReader | None:
    """The reader of what a catalogue's pages tell of their listing, if the YAML says that they do.

    Raises:
        CatalogueError: a selector or path cannot be used.
    """
    return TellingReader(catalogue, catalogue.telling) if catalogue.telling is not None else None
