"""Which address of a site may be a link in a report: one of the web that leads where it says."""

from __future__ import annotations

import ada_url

_SCHEMES = ("https:", "http:")
_LONGEST = 1000


def as_link(address: str | None) -> str | None:
    """The address as a browser would write it; None if it should be no link."""
    if not address or len(address) > _LONGEST:
        return None
    try:
        url = ada_url.URL(address)
    except ValueError:
        return None
    if url.protocol not in _SCHEMES or url.username or url.password:
        return None
    return str(url.href)
