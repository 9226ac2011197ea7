"""Connections to a few hosts, kept open, the one used last first again.

httpcore's pool asks every idle connection's socket, at the begin and the end of each request, whether it is still
there. With dozens of requests a second over dozens of connections that is most of a run's own time; here only the one
that is to be used is asked. Made of httpcore's public parts.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from ssl import SSLContext

import httpcore
import httpx

MOST = 512
"""Connections at once; who needs one more waits."""

IDLE_SECONDS = 5.0
"""As httpx has it: far less than servers wait, since one that they are about to close would lose a request."""

AGAIN = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Requests that may be sent twice (RFC 9110 §9.2.2). Any other gets a new connection: one that is idle may have been
closed by the other side a moment ago, and then nobody knows whether the request was read."""

_ENOUGH = 8
"""Idle connections to a host, beside which one that was opened for such a request is not kept as well."""

_MISDIRECTED = 421

_Host = tuple[bytes, bytes, int | None]

_SAME: Mapping[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
}


class Connections(httpx.AsyncBaseTransport):
    """Sends each request on a connection of its own for as long as it lasts. HTTP/1.1, no proxies."""

    def __init__(self, trust: SSLContext) -> None:
        """`trust` tells which servers to believe."""
        self._trust = trust
        self._slots = asyncio.Semaphore(MOST)
        self._idle: dict[_Host, deque[tuple[float, httpcore.AsyncHTTPConnection]]] = defaultdict(deque)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it. Raises what httpx's own transport raises."""
        url = request.url
        if url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"{url.scheme}://", request=request)
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        host = (url.raw_scheme, url.raw_host, url.port)
        await self._slots.acquire()
        try:
            with _as_httpx():
                idle = await self._taken(host) if request.method in AGAIN else None
                connection = idle or self._new(asked.url.origin)
                answer = await connection.handle_async_request(asked)
        except BaseException:
            self._slots.release()
            raise
        keep = request.method in AGAIN or len(self._idle[host]) < _ENOUGH
        body = _Body(answer, connection, self, host, keep=keep)
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    async def give_back(self, host: _Host, connection: httpcore.AsyncHTTPConnection, *, keep: bool) -> None:
        """Keep the connection for the next request, if it may have one."""
        self._slots.release()
        if not keep:
            await connection.aclose()
        elif connection.is_idle():
            self._idle[host].append((time.monotonic(), connection))
        await self._sweep(host)

    async def aclose(self) -> None:
        """Close those that nobody uses."""
        idle = [connection for kept in self._idle.values() for _, connection in kept]
        self._idle.clear()
        for connection in idle:
            await connection.aclose()

    def _new(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(origin, ssl_context=self._trust)

    async def _taken(self, host: _Host) -> httpcore.AsyncHTTPConnection | None:
        """The one that was used last, if it is still there."""
        await self._sweep(host)
        idle = self._idle[host]
        while idle:
            _, connection = idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _sweep(self, host: _Host) -> None:
        """Close those that have not been used for long."""
        idle = self._idle[host]
        while idle and time.monotonic() - idle[0][0] > IDLE_SECONDS:
            await idle.popleft()[1].aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer; its connection is given back at its end."""

    def __init__(
        self,
        answer: httpcore.Response,
        connection: httpcore.AsyncHTTPConnection,
        home: Connections,
        host: _Host,
        *,
        keep: bool,
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._home = home
        self._host = host
        self._keep = keep
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            try:
                await self._answer.aclose()
            finally:
                # (421: this server is not the one for the host, so that another connection may do better.)
                keep = self._keep and self._answer.status != _MISDIRECTED
                await self._home.give_back(self._host, self._connection, keep=keep)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Let errors be httpx's."""
    try:
        yield
    except tuple(_SAME) as error:
        raise next(ours for theirs, ours in _SAME.items() if isinstance(error, theirs))(str(error)) from error
