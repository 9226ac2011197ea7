"""Proxies of the environment: which request goes through which."""

from __future__ import annotations

import ipaddress
import os
import urllib.request
from ssl import SSLContext

import httpx

from nano_banana.core.errors import NanoBananaError, Unusable, trouble
from nano_banana.providers.fal.connections import AGAIN, MOST, Connections

_KINDS = frozenset({"http", "https", "socks5", "socks5h"})
_KEPT = httpx.Limits(max_connections=MOST, max_keepalive_connections=64)
_FRESH = httpx.Limits(max_connections=MOST, max_keepalive_connections=0)


class Routes(httpx.AsyncBaseTransport):
    """Sends each request directly, or through the proxy that the environment has for it.

    Raises Unusable (`proxy_unusable`) where that proxy can't be used, else what httpx's own transports raise.
    """

    def __init__(self, trust: SSLContext) -> None:
        """`trust` tells which servers to believe."""
        self._trust = trust
        self._direct = Connections(trust)
        self._through: dict[tuple[str, bool], httpx.AsyncHTTPTransport] = {}

    def check(self, url: httpx.URL) -> None:
        """Raise Unusable where the way to `url` can't be used."""
        if (proxy := proxy_of(url)) is not None:
            self._by(proxy, url.scheme, again=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        proxy = proxy_of(request.url)
        if proxy is None:
            return await self._direct.handle_async_request(request)
        way = self._by(proxy, request.url.scheme, again=request.method in AGAIN)
        try:
            return await way.handle_async_request(request)
        except (httpx.HTTPError, NanoBananaError):
            raise
        except Exception as error:  # the SOCKS library has errors of its own
            raise httpx.RemoteProtocolError(f"the proxy: {error}", request=request) from error

    async def aclose(self) -> None:
        """Close all connections."""
        for way in (self._direct, *self._through.values()):
            await way.aclose()

    def _by(self, proxy: str, scheme: str, *, again: bool) -> httpx.AsyncHTTPTransport:
        """The transport through this proxy; what may not be sent `again` never goes over an idle connection."""
        if (proxy, again) not in self._through:
            kind, _, _ = proxy.partition("://")
            if kind not in _KINDS:
                raise _unusable(scheme, f"kind {kind[:20]!r}")
            try:
                self._through[proxy, again] = httpx.AsyncHTTPTransport(
                    verify=self._trust, trust_env=False, limits=_KEPT if again else _FRESH, proxy=httpx.Proxy(proxy)
                )
            except (httpx.InvalidURL, ValueError) as error:
                raise _unusable(scheme, "its address can't be read") from error
            except ImportError as error:
                raise _unusable(scheme, "SOCKS needs the package `socksio`") from error
        return self._through[proxy, again]


def proxy_of(url: httpx.URL) -> str | None:
    """The address of the proxy for a request to `url`; None where it goes directly."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or _is_excepted(url, proxies.get("no", "")):
        return None
    kind, slashes, rest = proxy.partition("://")
    # (Desktops write `socks://`.)
    return f"{'socks5' if kind == 'socks' else kind.lower()}://{rest}" if slashes else f"http://{proxy}"


def _is_excepted(url: httpx.URL, exceptions: str) -> bool:
    """Whether NO_PROXY names the host, alone or with its port, a domain above it, or a range that it is in."""
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    if urllib.request.proxy_bypass(url.host) or urllib.request.proxy_bypass(f"{url.host}:{port}"):
        return True
    try:
        address = ipaddress.ip_address(url.host)
    except ValueError:
        return False
    return any(address in network for entry in exceptions.split(",") if (network := _network(entry)) is not None)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip().replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def _unusable(scheme: str, why: str) -> Unusable:
    """By the name of the variable; its value may hold a password."""
    names = [name for kind in (scheme, "all") for name in (f"{kind}_proxy", f"{kind}_proxy".upper())]
    name = next((name for name in names if os.environ.get(name)), f"the system's proxy for {scheme}")
    return Unusable([trouble("proxy_unusable", name=name, why=why)])
