"""Where a redirect may lead: within the catalogue's site, never from https to http.

Following redirects and counting them belongs to the caller, since each is a request of its own.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urljoin

from requests.utils import requote_uri
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from catalog_pipeline.catalogue.site import Site
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.failures import safe_url

MAX_ADDRESS_CHARACTERS = 8000
"""What RFC 9110, section 4.1, asks everybody to understand; records hold a page's address."""
REFUSED = "the redirect is refused: "
"""How the sentence of a refusal begins; what is refused, and why, follows."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_redirect(site: Site, from_url: str, location: str, *, to_any_host: bool = False) -> str:
    """The absolute URL that `location` means, if the crawl may go there.

    Raises:
        FetchError: it may not; of kind `redirect_refused`.
    """
    try:
        origin = parse_url(from_url)
        target = _target(from_url, location)
    except (LocationParseError, UnicodeError, ValueError):
        raise _refused(from_url, "its target cannot be read as a URL") from None
    problem = _problem_of_target(origin, target)
    if not problem and not to_any_host:
        problem = _problem_of_host(site, origin, target)
    if problem:
        raise _refused(from_url, f"{_shown(target)}: {problem}")
    return target.url


def site_of(host: str) -> str:
    """The host without `www.`, so that a site and its www twin compare equal."""
    return host.lower().rstrip(".").removeprefix("www.")


def is_same_site(site: Site, url: str) -> bool:
    """Whether `url` has the host of the catalogue's base URL, as securely (for credentials)."""
    base, other = parse_url(site.base_url), parse_url(url)
    return _is_same_host(base, other) and not _is_downgrade(base, other)


def is_within(site: Site, url: str) -> bool:
    """Whether pages may come from the host of `url`: one of the site's own, or one it names."""
    other = parse_url(url)
    return any(_is_same_host(parse_url(own), other) for own in site.own_addresses) or _is_allowed(
        site.limits.redirect_hosts, other
    )


def _target(from_url: str, location: str) -> Url:
    """`location` made absolute; bytes beyond ASCII in it are taken as UTF-8, as browsers do."""
    text = location.strip()
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("control character")
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    absolute = requote_uri(urljoin(from_url, text.replace("\\", "/")))
    target = parse_url(absolute)
    return target._replace(fragment=None, path=target.path or "/")


def _problem_of_target(origin: Url, target: Url) -> str | None:
    if target.scheme not in _DEFAULT_PORTS or not target.host:
        return "only http and https are followed"
    if len(target.url) > MAX_ADDRESS_CHARACTERS:
        return f"the address has more than {MAX_ADDRESS_CHARACTERS} characters"
    if target.auth:
        return "it holds credentials"
    if _is_downgrade(origin, target):
        return "it leaves https"
    return None


def _problem_of_host(site: Site, origin: Url, target: Url) -> str | None:
    base = parse_url(site.base_url)
    is_known = _is_same_host(origin, target) or _is_same_host(base, target)
    if not is_known and not _is_allowed(site.limits.redirect_hosts, target):
        return "it leaves the site, and limits.redirect_hosts does not name its host"
    return None


def _is_downgrade(origin: Url, target: Url) -> bool:
    return origin.scheme == "https" and target.scheme != "https"


def _is_same_host(origin: Url, target: Url) -> bool:
    """Same host or its www twin, at the same port or at https's after an upgrade."""
    if site_of(origin.host or "") != site_of(target.host or ""):
        return False
    is_upgrade = origin.scheme == "http" and target.scheme == "https"
    return _port(target) == _port(origin) or (is_upgrade and _port(target) == 443)


def _is_allowed(redirect_hosts: tuple[str, ...], target: Url) -> bool:
    """Whether the YAML names the target's host, at any port unless it names one too."""
    host = (target.host or "").lower()
    named = {entry.lower() for entry in redirect_hosts}
    return host in named or f"{host}:{_port(target)}" in named


def _port(url: Url) -> int | None:
    return url.port or _DEFAULT_PORTS.get(url.scheme or "")


def _shown(target: Url) -> str:
    """The target without credentials and query, which may hold a session's secrets."""
    return safe_url(target._replace(query=None).url)[:200]


def _refused(from_url: str, problem: str) -> FetchError:
    return FetchError(f"{REFUSED}{problem}", kind="redirect_refused", url=safe_url(from_url))
