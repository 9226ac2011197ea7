"""Which addresses a file may be fetched from: public ones, over https.

A result names addresses, and those may lead on: without this, whoever writes a result could have this machine ask its
neighbours (server-side request forgery, CWE-918).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.providers.fal.hosts import Hosts
from nano_banana.providers.fal.proxies import proxy_of
from nano_banana.providers.fal.wire import Broken

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Addresses:
    """Judges addresses before a request, and the peer after it. The base's own host is the user's choice."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    async def check(self, url: httpx.URL) -> None:
        """Return where `url` may be asked. Raises CallFailed `download_unsafe`, and Broken where the name is unknown.

        Behind a proxy it is the proxy that resolves names, so that only literal addresses are judged.
        """
        if self._is_base(url) and _is_port(url):
            return
        if url.scheme != "https" or url.userinfo or not url.host or not _is_port(url):
            raise _unsafe(url)
        literal = _literal(url.host)
        if literal and not is_public(literal):
            raise _unsafe(url)
        if not literal and not is_proxied(url) and not all(map(is_public, await _resolved(url))):
            raise _unsafe(url)

    async def check_peer(self, response: httpx.Response) -> None:
        """The same for who really answered: a name may have changed its address since. Closes what it refuses."""
        url = response.request.url
        stream = response.extensions.get("network_stream")
        if stream is None or self._is_base(url) or is_proxied(url):
            return
        peer = stream.get_extra_info("server_addr")
        if peer and not is_public(str(peer[0])):
            await response.aclose()
            raise _unsafe(url)

    def _is_base(self, url: httpx.URL) -> bool:
        return self._hosts.base is not None and url.host == self._hosts.base.host


def is_public(address: str) -> bool:
    """Whether the IP address is anybody's on the internet: not private, loopback, link-local, multicast or reserved.

    An IPv6 address that stands for an IPv4 one (mapped, 6to4, NAT64) is judged as that.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is None:
            return found.is_global and found in _GLOBAL_UNICAST
        found = inner
    return found.is_global and not found.is_multicast


def is_proxied(url: httpx.URL) -> bool:
    """Whether the environment sends a request to `url` through a proxy."""
    return proxy_of(url) is not None


def _is_port(url: httpx.URL) -> bool:
    return url.port is None or 0 < url.port < 65_536


def _literal(host: str) -> str:
    """The IP address that `host` says itself, also in the old forms of IPv4 (`0x7f.1`); empty for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return ""


async def _resolved(url: httpx.URL) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            url.raw_host.decode("ascii"), url.port or 443, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise Broken("connect", sent=False) from error
    return [str(entry[4][0]) for entry in found]


def _unsafe(url: httpx.URL) -> CallFailed:
    return CallFailed([trouble("download_unsafe", host=url.host)])
