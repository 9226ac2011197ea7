"""fal's host names: routing by address, and a CONNECT proxy for them."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from nano_banana.emulator.failures import error_response

FAL_DOMAINS = ("fal.run", "falrun.com", "fal.ai", "fal.media")

DIRECT_HOSTS = frozenset({"fal.run", "falrun.com"})
"""The hosts of the direct API, which answers with the result."""

CERTIFICATE_NAMES = (
    *FAL_DOMAINS,
    *(f"*.{domain}" for domain in FAL_DOMAINS),
    "*.alpha.fal.ai",
    "localhost",
    "*.localhost",
)
"""The certificate's names besides the server's own address."""

FILES_URL = "https://v3.fal.media"
TARGET_HEADER = "x-fal-target-url"
"""The header with which fal's JavaScript client tells a proxy the target URL."""

CONTROL_PATH = "/_emulator"


def is_fal_host(name: str) -> bool:
    """Whether this is one of fal's host names, without a port."""
    return any(name == domain or name.endswith(f".{domain}") for domain in FAL_DOMAINS)


def queue_base_url(scheme: str, host: str) -> str:
    """The queue's URL for a client that sent `host` as the Host header."""
    name = host.partition(":")[0].lower()
    if not is_fal_host(name):
        return f"{scheme}://{host}"
    return "https://queue.falrun.com" if name.endswith("falrun.com") else "https://queue.fal.run"


def files_base_url(base: str) -> str:
    """The URL of files for a client that has the queue at `base`."""
    return FILES_URL if is_fal_host(urlsplit(base).hostname or "") else base


class HostRouter:
    """Routes requests to the direct API or to the other routes.

    The target host is, in this order: the header `x-fal-target-url`, one of fal's names in the Host header, or such a
    name as the first part of the path. A trailing slash is ignored.
    """

    def __init__(self, queue: ASGIApp, direct: ASGIApp) -> None:
        """Route to these two applications."""
        self._queue = queue
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on with its target path."""
        head = Headers(scope=scope)
        if "websocket" in head.get("upgrade", "").lower():
            said = "This emulator serves no WebSocket: realtime endpoints are not emulated"
            await error_response(501, said)(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers={"allow": "GET, POST, PUT, DELETE, OPTIONS"})(scope, receive, send)
            return
        name, scope = head.get("host", "").partition(":")[0].lower(), {**scope}
        target = head.get(TARGET_HEADER)
        if target is not None:
            name = _retarget(scope, target)
            if not is_fal_host(name):
                await error_response(412, f"{TARGET_HEADER} is not an address of fal's: {target}")(scope, receive, send)
                return
        elif is_fal_host(first := scope["path"].lstrip("/").partition("/")[0]):
            name, scope["path"] = first, scope["path"].removeprefix(f"/{first}")
        scope["path"] = scope["path"].rstrip("/") or "/"
        await (self._direct if name in DIRECT_HOSTS else self._queue)(scope, receive, send)


def _retarget(scope: Scope, target: str) -> str:
    """Rewrite the request to the URL `target`, as a proxy would; return the host name, empty if invalid."""
    try:
        url = urlsplit(target)
        name = (url.hostname or "").lower()
    except ValueError:
        return ""
    scope["path"], scope["query_string"] = unquote(url.path) or "/", url.query.encode()
    scope["proxied"] = True
    return name


_CONNECT = re.compile(rb"CONNECT ([^\s:]+):(\d{1,5}) HTTP/1\.[01]\r\n")
_CONNECT_TIMEOUT = 10.0
"""Seconds in which a client must send its CONNECT."""

_OK = b"HTTP/1.1 200 Connection established\r\n\r\n"
_OTHER_HOST = "This proxy leads to fal's hosts only, not to {0}. Name {0} in NO_PROXY."
_NO_CONNECT = "This proxy takes CONNECT only: set HTTPS_PROXY to it, not HTTP_PROXY."


class ConnectProxy:
    """A proxy whose tunnels all lead to one port of this machine."""

    def __init__(self, host: str, port: int) -> None:
        """Connect all tunnels to this address."""
        self._to = (host, port)
        self._tunnels: set[asyncio.Task[None]] = set()

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        if task is not None:
            self._tunnels.add(task)
            task.add_done_callback(self._tunnels.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _CONNECT_TIMEOUT)
            wish = _CONNECT.match(head)
            name = wish[1].decode("ascii", "replace").lower() if wish else ""
            if not wish or not is_fal_host(name):
                await _refuse(writer, _OTHER_HOST.format(name) if wish else _NO_CONNECT, 403 if wish else 405)
                return
            there = await asyncio.open_connection(*self._to)
            writer.write(_OK)
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        writer.transport.abort()

    async def close(self) -> None:
        """Close all tunnels."""
        for task in list(self._tunnels):
            task.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)


async def _refuse(writer: asyncio.StreamWriter, said: str, status: int) -> None:
    body = said.encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\nconnection: close"
    writer.write(f"{head}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy the stream to its end."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
