"""Reading a login form: where it goes and what it would send; and whether a page matches.

Only what a login needs; products are read elsewhere. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import webencodings
from lxml import etree

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import charset_of, in_utf8, of_charset
from catalog_pipeline.reading.html.document import parse_document
from catalog_pipeline.reading.html.selectors import Selector
from catalog_pipeline.reading.stray_bytes import check_no_stray_byte
from catalog_pipeline.reading.watch import Place, evaluating

_NOT_SENT = ("submit", "image", "button", "reset", "file")


@dataclass(frozen=True)
class Form:
    """What a browser would send on submitting the form unchanged, in the form's order.

    `charset` is a label of the WHATWG's for the encoding of what is sent.
    """

    action: str
    method: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    charset: str = "utf-8"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.fields))

    def filled_in(self, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The fields with some values replaced."""
        return tuple((name, values.get(name, value)) for name, value in self.fields)


def read_form(body: bytes, content_type: str | None, url: str, selector: Selector) -> Form:
    """Return the first form that `selector` matches on the page at `url`.

    Hidden inputs keep their values; `action` is absolute and `method` in lower case.

    Raises:
        ParseError: the page cannot be read or has no such form.
    """
    document = _document(body, content_type)
    with evaluating(Place.LOGIN_FORM):
        form = next(iter(_matches(document, selector)), None)
    if form is None:
        raise ParseError("no form was found on the page", selector=selector.text)
    if not isinstance(form, etree._Element) or form.tag != "form":
        raise ParseError("what was found is no <form>", selector=selector.text)
    try:
        check_no_stray_byte(etree.tostring(form, encoding="unicode", with_tail=False))
    except ParseError as error:
        raise ParseError(of_charset(error.problem, charset_of(body, content_type))) from error
    base = document.find(".//base[@href]")
    address = url if base is None else urljoin(url, base.get("href", "").strip())
    action = urljoin(address, (form.get("action") or url).strip())
    method = (form.get("method") or "get").strip().lower()
    charset = _charset(form, charset_of(body, content_type).label)
    fields = tuple(
        (name, charset if name.lower() == "_charset_" and not value else value)
        for name, value in _fields(document, form)
    )
    return Form(action, method, fields, charset)


def _charset(form: etree._Element, of_page: str) -> str:
    """The first charset known that the form accepts, else the page's; UTF-8 instead of UTF-16."""
    for label in (*(form.get("accept-charset") or "").split(), of_page):
        encoding = webencodings.lookup(label)
        if encoding is not None:
            return "utf-8" if encoding.name.startswith("utf-16") else str(encoding.name)
    return "utf-8"


def page_matches(
    body: bytes,
    content_type: str | None,
    selectors: Iterable[Selector],
    place: Place = Place.LOGGED_IN,
) -> bool:
    """Whether any of the selectors, which the YAML has at that place, matches the page.

    Raises:
        ParseError: the page cannot be read.
    """
    document = _document(body, content_type)
    with evaluating(place):
        return any(_matches(document, selector) for selector in selectors)


def _document(body: bytes, content_type: str | None) -> etree._Element:
    charset = charset_of(body, content_type)
    return parse_document(in_utf8(body, charset, marks_stray_bytes=True))


def _matches(document: etree._Element, selector: Selector) -> list[object]:
    """What the selector matches; an XPath may also be a condition, such as `count(//a) > 2`."""
    found = selector.compiled()(document)
    if isinstance(found, list):
        return found
    return [found] if found else []


def _fields(document: etree._Element, form: etree._Element) -> Iterator[tuple[str, str]]:
    """The pairs that the form sends, with the first button that has a name, as if clicked."""
    is_clicked = False
    for control in _controls(document, form):
        name = control.get("name")
        if not name or control.get("disabled") is not None:
            continue
        if _is_submit(control):
            if not is_clicked:
                yield name, control.get("value") or ""
            is_clicked = True
        else:
            for value in _values(control):
                yield name, value


def _controls(document: etree._Element, form: etree._Element) -> Iterator[etree._Element]:
    """The form's controls, also those elsewhere on the page that name it."""
    form_id, names = form.get("id"), ("input", "select", "textarea", "button")
    within = set(form.iter(*names))
    for control in document.iter(*names):
        owner = control.get("form")
        if owner is not None:
            if owner == form_id:
                yield control
        elif control in within:
            yield control


def _is_submit(control: etree._Element) -> bool:
    default = {"button": "submit", "input": "text"}.get(control.tag, "")
    return str(control.get("type") or default).lower() == "submit"


def _values(control: etree._Element) -> list[str]:
    kind = str(control.get("type") or "text").lower()
    if control.tag == "textarea":
        return ["".join(control.itertext())]
    if control.tag == "select":
        return _chosen(control)
    if control.tag == "button" or kind in _NOT_SENT:
        return []
    if kind in ("checkbox", "radio"):
        return [control.get("value") or "on"] if control.get("checked") is not None else []
    return [control.get("value") or ""]


def _chosen(select: etree._Element) -> list[str]:
    options = list(select.iter("option"))
    chosen = [option for option in options if option.get("selected") is not None]
    if not chosen and select.get("multiple") is None:
        chosen = options[:1]
    return [option.get("value") or "".join(option.itertext()).strip() for option in chosen]
