"""Which network addresses a catalogue's requests may go to.

A site on the public internet must not lead the crawl to the machine it runs on or to the network
around it. Connecting belongs in `catalog_pipeline.fetching.connections`.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TypeAlias
from urllib.parse import urlsplit

from catalog_pipeline.fetching.failures import BrokenExchange

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

PUBLIC = frozenset({"public"})
"""The networks that any site may lead to."""
_LOCAL_SUFFIXES = (".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa")
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


def network_of(address: str) -> str:
    """Where `address` lies: public, loopback, private, link-local, multicast or unspecified.

    `private` is whatever else is not reachable from everywhere: RFC 1918, carrier-grade NAT,
    unique local, reserved and documentation ranges. IPv6 forms that carry an IPv4 address count as
    that address.
    """
    ip = _carried(ipaddress.ip_address(address))
    if ip.is_unspecified:
        return "unspecified"
    if ip.is_loopback:
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    if ip.is_multicast:
        return "multicast"
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return "private"
    return "public" if ip.is_global else "private"


def networks_for(base_url: str) -> frozenset[str]:
    """The networks that a catalogue may reach: the public one, and its own where it names one.

    A literal address names its network, `localhost` the loopback; a host name that public DNS
    cannot hold (no dot, or an ending such as `.internal`) names the private network and loopback.
    """
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    literal = _literal(host)
    if literal is not None:
        return frozenset({"public", network_of(literal)})
    if host == "localhost" or host.endswith(".localhost"):
        return frozenset({"public", "loopback"})
    if "." not in host or host.endswith(_LOCAL_SUFFIXES):
        return frozenset({"public", "loopback", "private"})
    return frozenset({"public"})


def check_address(address: str, allowed: frozenset[str]) -> None:
    """Refuse a resolved address outside the `allowed` networks."""
    network = network_of(address)
    if network not in allowed:
        raise BrokenExchange(
            "address_refused",
            f"the host leads to a {network} address, which a public site has no business with",
        )


def check_name(host: str, allowed: frozenset[str]) -> None:
    """Refuse a host whose name alone shows where it leads; for requests through a proxy."""
    bare = host.strip("[]").rstrip(".").lower()
    literal = _literal(bare)
    if literal is not None:
        check_address(literal, allowed)
    elif bare == "localhost" or bare.endswith(".localhost"):
        check_address("127.0.0.1", allowed)


def is_loopback_name(host: str) -> bool:
    """Whether `host` names this machine, without asking DNS."""
    bare = host.strip("[]").rstrip(".").lower()
    literal = _literal(bare)
    if literal is not None:
        return network_of(literal) == "loopback"
    return bare == "localhost" or bare.endswith(".localhost")


def _literal(host: str) -> str | None:
    """`host` as an address if it is one, also in the forms that only the C library reads."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


def _carried(ip: Address) -> Address:
    """The IPv4 address within an IPv6 form that carries one, else `ip` itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    is_compatible = ip in _IPV4_COMPATIBLE and int(ip) > 1
    if is_compatible or any(ip in network for network in _NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
