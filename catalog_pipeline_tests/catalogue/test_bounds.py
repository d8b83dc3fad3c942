"""Numbers and texts that no crawl can make use of are refused, each with its place and bounds."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.bounds import checked_base_url
from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes

_FORM = {"kind": "form", "page": "/login", "username_env": "USER_NAME", "password_env": "PASSWORD"}


def _mistake(changes: dict[str, Any]) -> CatalogueError:
    with pytest.raises(CatalogueError) as caught:
        catalogue_from_attributes("shop", attributes(**changes))
    return caught.value


@pytest.mark.parametrize(
    ("place", "values", "allowed"),
    [
        ("politeness.requests_per_second", [0, 1e-9, 1e9], "than or equal to"),
        ("politeness.concurrency", [0, 257], "than or equal to"),
        ("politeness.connect_timeout_seconds", [0, -1, 86_401], "than"),
        ("politeness.read_timeout_seconds", [float("inf"), float("nan")], "a finite number"),
        ("politeness.request_timeout_seconds", [1e300], "less than or equal to 86400"),
        ("politeness.page_timeout_seconds", [1e300], "less than or equal to 86400"),
        ("politeness.backoff_seconds", [1e300], "less than or equal to 86400"),
        ("politeness.max_backoff_seconds", [1e300], "less than or equal to 86400"),
        ("politeness.max_attempts", [0, 10**30], "than or equal to"),
        ("politeness.stop_window", [0, 10**30], "than or equal to"),
        ("politeness.user_agent", ["", " ", "a\r\nX: y", "Börse"], "printable ASCII"),
        ("politeness.contact", ["a\nb"], "printable ASCII"),
        ("limits.max_body_bytes", [0, 2**31], "than or equal to"),
        ("limits.max_decoded_bytes", [0, 2**31], "than or equal to"),
        ("limits.max_redirects", [-1, 101], "than or equal to"),
        ("coverage.stale_after_hours", [0, 1e300], "than"),
        ("practice_shop.pages", [0, 10**12], "than or equal to"),
    ],
)
def test_a_number_or_text_out_of_bounds_is_refused(place: str, values: list[Any], allowed: str):
    part, key = place.split(".")
    for value in values:
        mistake = _mistake({part: {key: value}})
        assert mistake.field == place
        assert allowed in str(mistake)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://shop.example:99999"},
        {"base_url": "http://shop.example:0"},
        {"base_url": "http://sh op.example"},
        {"base_url": "http://[::1"},
        {"page_url": "/list?page={page}\n"},
        {"page_url": "ftp://shop.example/{page}"},
        {"first_page_url": "javascript:list"},
        {"login": {**_FORM, "page": "mailto:shop"}},
        {"login": {**_FORM, "username_env": ""}},
        {"login": {**_FORM, "password_env": "A-B"}},
        {"login": {"kind": "bearer", "token_env": "$TOKEN"}},
        {"limits": {"redirect_hosts": ["http://cdn.example"]}},
        {"limits": {"redirect_hosts": ["me@cdn.example"]}},
        {"limits": {"redirect_hosts": ["cdn.example:70000"]}},
        {"limits": {"redirect_hosts": [""]}},
    ],
    ids=str,
)
def test_an_address_or_name_that_leads_nowhere_is_refused(changes: dict[str, Any]):
    assert _mistake(changes).field.startswith(next(iter(changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://[::1]:8000/shop"},
        {"page_url": "/catégorie/{page}?q=a%20b"},
        {"login": _FORM},
        {"limits": {"redirect_hosts": ["cdn.example", "CDN.example:80", "[::1]:80", "münchen.de"]}},
        {"politeness": {"requests_per_second": 0.00001, "concurrency": 256}},
        {
            "politeness": {
                "requests_per_second": None,
                "user_agent": "reader/2 (+me@x.example)",
            }
        },
    ],
    ids=str,
)
def test_what_can_be_used_is_accepted(changes: dict[str, Any]):
    catalogue_from_attributes("shop", attributes(**changes))


@given(st.text())
def test_whatever_the_base_url_it_is_taken_or_refused(text: str):
    with suppress(ValueError):
        assert checked_base_url(text) == text
