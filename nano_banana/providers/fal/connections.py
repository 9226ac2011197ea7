"""Connection pool for a few hosts, and the environment's proxies.

The connection used last is used first again. httpcore's pool asks every idle connection's socket, at the begin and the
end of each request, whether it is still there. With dozens of requests a second over dozens of connections that is most
of a run's own CPU time (measured: 13.3 ms a take with it, 6.7 ms without); here only the connection about to be used is
asked. Made of httpcore's public parts. Requests that go through a proxy use httpx's own transport.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
import urllib.request
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from ssl import SSLContext

import httpcore
import httpx

from nano_banana.model.problem import NanoBananaError, Unusable, problem

MAX_CONNECTIONS = 512
"""Most connections at once; further requests wait."""

IDLE_SECONDS = 5.0
"""As in httpx: well below servers' timeouts, since a request on a connection that is being closed would be lost."""

REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Requests that may be sent twice (RFC 9110 §9.2.2). Others get a new connection: the server may just have closed an
idle one, and then it's unknown whether it read the request."""

_MAX_IDLE = 8
"""Idle connections per host; beyond this, a connection opened for such a request is not kept."""

_MISDIRECTED = 421
"""This server isn't the one for the host, so that another connection may do better."""


class ConnectionPool(httpx.AsyncHTTPTransport):
    """Sends each request on its own connection, which is reused afterwards. HTTP/1.1, no proxies."""

    def __init__(self, trust: SSLContext) -> None:
        """`trust` holds the trusted certificates."""
        self._pool = _LastUsedPool(ssl_context=trust)


class _LastUsedPool(httpcore.AsyncConnectionPool):
    """A pool that takes the connection that was used last."""

    def __init__(self, ssl_context: SSLContext) -> None:
        super().__init__(ssl_context)
        self._trust = ssl_context
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._idle: dict[str, deque[tuple[float, httpcore.AsyncHTTPConnection]]] = defaultdict(deque)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send it. Raises httpcore's errors, which httpx's transport translates."""
        if request.url.scheme not in {b"http", b"https"}:
            raise httpcore.UnsupportedProtocol(f"{request.url.scheme.decode()}://")
        origin = request.url.origin
        host, again = str(origin), request.method.decode() in REPEATABLE_METHODS
        await self._slots.acquire()
        try:
            idle = await self._taken(host) if again else None
            connection = idle or httpcore.AsyncHTTPConnection(origin, ssl_context=self._trust)
            answer = await connection.handle_async_request(request)
        except BaseException:
            self._slots.release()
            raise
        keep = answer.status != _MISDIRECTED and (again or len(self._idle[host]) < _MAX_IDLE)
        body = _PooledBody(answer, partial(self._give_back, host, connection, keep=keep))
        return httpcore.Response(answer.status, headers=answer.headers, content=body, extensions=answer.extensions)

    async def _give_back(self, host: str, connection: httpcore.AsyncHTTPConnection, *, keep: bool) -> None:
        """Keep the connection for the next request, if that may use it."""
        self._slots.release()
        if not keep:
            await connection.aclose()
        elif connection.is_idle():
            self._idle[host].append((time.monotonic(), connection))
        await self._sweep(host)

    async def aclose(self) -> None:
        """Close the idle connections."""
        idle = [connection for kept in self._idle.values() for _, connection in kept]
        self._idle.clear()
        for connection in idle:
            await connection.aclose()

    async def _taken(self, host: str) -> httpcore.AsyncHTTPConnection | None:
        """The connection that was used last, if it is still open."""
        await self._sweep(host)
        idle = self._idle[host]
        while idle:
            _, connection = idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _sweep(self, host: str) -> None:
        """Close connections that have been idle for long."""
        idle = self._idle[host]
        while idle and time.monotonic() - idle[0][0] > IDLE_SECONDS:
            await idle.popleft()[1].aclose()


class _PooledBody:
    """The body of an answer; its connection is given back at its end."""

    def __init__(self, answer: httpcore.Response, give_back: Callable[[], Awaitable[None]]) -> None:
        self._answer = answer
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            try:
                await self._answer.aclose()
            finally:
                await give_back()


_PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
_KEEPALIVE_LIMITS = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=64)
_NO_KEEPALIVE = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0)


class ProxyTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the environment's proxy.

    Raises Unusable (`proxy_unusable`) if that proxy can't be used, else what httpx's own transports raise.
    """

    def __init__(self, trust: SSLContext) -> None:
        """`trust` holds the trusted certificates."""
        self._trust = trust
        self._direct = ConnectionPool(trust)
        self._through: dict[tuple[str, bool], httpx.AsyncHTTPTransport] = {}

    def check(self, url: httpx.URL) -> None:
        """Raise Unusable if the proxy for `url` can't be used."""
        if (proxy := proxy_of(url)) is not None:
            self._by(proxy, url.scheme, again=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        proxy = proxy_of(request.url)
        if proxy is None:
            return await self._direct.handle_async_request(request)
        way = self._by(proxy, request.url.scheme, again=request.method in REPEATABLE_METHODS)
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
        """The transport for this proxy; requests that may not be sent `again` never use an idle connection."""
        if (proxy, again) not in self._through:
            kind, _, _ = proxy.partition("://")
            if kind not in _PROXY_SCHEMES:
                raise _proxy_unusable(scheme, f"kind {kind[:20]!r}")
            try:
                self._through[proxy, again] = httpx.AsyncHTTPTransport(
                    verify=self._trust,
                    trust_env=False,
                    limits=_KEEPALIVE_LIMITS if again else _NO_KEEPALIVE,
                    proxy=httpx.Proxy(proxy),
                )
            except (httpx.InvalidURL, ValueError) as error:
                raise _proxy_unusable(scheme, "its address can't be read") from error
            except ImportError as error:
                raise _proxy_unusable(scheme, "SOCKS needs the package `socksio`") from error
        return self._through[proxy, again]


def proxy_of(url: httpx.URL) -> str | None:
    """The address of the proxy for a request to `url`; None if it goes directly."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or _is_excepted(url, proxies.get("no", "")):
        return None
    kind, slashes, rest = proxy.partition("://")
    # (Desktops write `socks://`.)
    return f"{'socks5' if kind == 'socks' else kind.lower()}://{rest}" if slashes else f"http://{proxy}"


def _is_excepted(url: httpx.URL, exceptions: str) -> bool:
    """Whether NO_PROXY names the host (alone or with its port), a parent domain, or its address range."""
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


def _proxy_unusable(scheme: str, why: str) -> Unusable:
    """The error names the variable, since its value may contain a password."""
    names = [name for kind in (scheme, "all") for name in (f"{kind}_proxy", f"{kind}_proxy".upper())]
    name = next((name for name in names if os.environ.get(name)), f"the system's proxy for {scheme}")
    return Unusable([problem("proxy_unusable", name=name, why=why)])
