"""The answer to a request for one listing page, public or for members.

Belongs here: page number, fault, conditional request, whole page, in this order.
Does not belong here: who may see the page (see members) and its markup.
"""

from email.utils import parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from catalog_pipeline.sandbox import markup
from catalog_pipeline.sandbox.broken_answers import WholePage, broken_answer
from catalog_pipeline.sandbox.shop import RenderedPage, Shop
from catalog_pipeline.sandbox.traffic import Traffic

# Longer numbers are no page of any shop, and Python refuses to read very long ones.
LONGEST_NUMBER = 9


def listing_answer(request: Request, shop: Shop, traffic: Traffic, path: str) -> ASGIApp:
    """Return the answer for `?page=N` of the listing at `path`, and count it."""
    page = requested_page(request)
    if page is None:
        return not_found()
    fault = shop.take_fault(page)
    rendered = shop.listing(page, path)
    if fault is not None:
        traffic.pages[page] += 1
        return broken_answer(fault, _whole_page(shop, page, path, rendered))
    if rendered is None:
        traffic.pages[page] += 1
        return _beyond_the_end(shop, page, path)
    headers = {"etag": rendered.etag, "last-modified": rendered.last_modified}
    if is_unchanged(request, rendered):
        traffic.not_modified[page] += 1
        return Response(status_code=304, headers=headers)
    traffic.pages[page] += 1
    return HTMLResponse(rendered.body, headers={**headers, **_size_headers(shop, page, path)})


def _size_headers(shop: Shop, page: int, path: str) -> dict[str, str]:
    """What the headers tell of the listing, if the shop tells anything of it."""
    if not shop.tells_size:
        return {}
    told = {"x-total": str(shop.product_count), "x-total-pages": str(shop.pages)}
    if page < shop.pages:
        told["link"] = f'<{path}?page={page + 1}>; rel="next", <{path}?page=1>; rel="first"'
    return told


def _whole_page(shop: Shop, page: int, path: str, rendered: RenderedPage | None) -> WholePage:
    before = shop.listing(page - 1, path)
    return WholePage(
        body=b"" if rendered is None else rendered.body,
        body_without_price=(
            b"" if rendered is None else shop.listing_without_price(page, path).encode()
        ),
        body_before=b"" if before is None else before.body,
        path_and_query=f"{path}?page={page}",
        path=path,
    )


def _beyond_the_end(shop: Shop, page: int, path: str) -> Response:
    last = shop.listing(shop.pages, path)
    if shop.end == "empty":
        return HTMLResponse(markup.listing_page((), page, path=path))
    if shop.end == "repeat" and last is not None:
        return HTMLResponse(last.body)
    if shop.end == "redirect":
        return RedirectResponse(f"{path}?page=1", status_code=302)
    return not_found()


def requested_page(request: Request) -> int | None:
    """Return the page number of the request, 1 without one, None if it is no page number."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        return None
    return int(text) or None


def not_found() -> Response:
    """Return the page that says there is nothing here."""
    text = "There is no such page in this shop."
    return HTMLResponse(markup.message_page("Not found", text), status_code=404)


def is_unchanged(request: Request, rendered: RenderedPage) -> bool:
    """Tell whether the client's validator is current; tags go before dates (RFC 9110, 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return rendered.etag in known or tags.strip() == "*"
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return parsedate_to_datetime(since) >= parsedate_to_datetime(rendered.last_modified)
    except (ValueError, TypeError):
        # A date that cannot be read is ignored, as the RFC demands.
        return False
