"""fal's host names, and what a request is for by its address."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from nano_banana.emulator.replies import refuse

DOMAINS = ("fal.run", "falrun.com", "fal.ai", "fal.media")

DIRECT = frozenset({"fal.run", "falrun.com"})
"""The hosts that answer a request at once, in place of a queue's ticket."""

CERTIFIED = (*DOMAINS, *(f"*.{domain}" for domain in DOMAINS), "*.alpha.fal.ai", "localhost", "*.localhost")
"""What the certificate is good for, beside the server's own address."""

FILES = "https://v3.fal.media"
TARGET = "x-fal-target-url"
"""The header by which fal's JavaScript client tells a proxy where it wants to go."""

CONTROL = "/_emulator"


def is_fal(name: str) -> bool:
    """Whether this is one of fal's host names (without a port)."""
    return any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS)


def queue_base(scheme: str, host: str) -> str:
    """Where the queue is, for a client that sent `host` as the Host header."""
    name = host.partition(":")[0].lower()
    if not is_fal(name):
        return f"{scheme}://{host}"
    return "https://queue.falrun.com" if name.endswith("falrun.com") else "https://queue.fal.run"


def files_base(base: str) -> str:
    """Where files are, for a client to whom the queue is at `base`."""
    return FILES if is_fal(urlsplit(base).hostname or "") else base


class Addresses:
    """Sends a request to the direct API or to all else.

    What a request is for is told by the first of these that is there: the header `x-fal-target-url`, one of fal's
    names as the Host header, or such a name as the first part of the path. A slash at the end changes nothing.
    """

    def __init__(self, queue: ASGIApp, direct: ASGIApp) -> None:
        """Choose between these two applications."""
        self._queue = queue
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on with the path that it is for."""
        head = Headers(scope=scope)
        if "websocket" in head.get("upgrade", "").lower():
            said = "This emulator serves no WebSocket: realtime endpoints are not emulated"
            await refuse(501, said)(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers={"allow": "GET, POST, PUT, DELETE, OPTIONS"})(scope, receive, send)
            return
        name, scope = head.get("host", "").partition(":")[0].lower(), {**scope}
        target = head.get(TARGET)
        if target is not None:
            name = _aim(scope, target)
            if not is_fal(name):
                await refuse(412, f"{TARGET} is not an address of fal's: {target}")(scope, receive, send)
                return
        elif is_fal(first := scope["path"].lstrip("/").partition("/")[0]):
            name, scope["path"] = first, scope["path"].removeprefix(f"/{first}")
        scope["path"] = scope["path"].rstrip("/") or "/"
        await (self._direct if name in DIRECT else self._queue)(scope, receive, send)


def _aim(scope: Scope, target: str) -> str:
    """Let the request be one for `target`, as a proxy would send it on; returns the host's name, empty for none."""
    try:
        url = urlsplit(target)
        name = (url.hostname or "").lower()
    except ValueError:
        return ""
    scope["path"], scope["query_string"] = unquote(url.path) or "/", url.query.encode()
    scope["proxied"] = True
    return name
