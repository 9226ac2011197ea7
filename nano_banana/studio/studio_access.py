"""Who may talk to the studio: token, cookie, Host and Origin."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs

from msgspec import Struct, field

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers: TypeAlias = dict[bytes, bytes]

SAFE_METHODS = frozenset({"GET", "HEAD"})

SECURITY_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + b"font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
"""Headers of every answer. Pages load nothing from elsewhere, and run no inline script or style."""


class StudioAccess(Struct, frozen=True, kw_only=True):
    """The address that the studio is reached by, and the secret that opens it.

    `hosts` are the values of `Host` that are accepted, with the port: any other is another site's name that
    points to this machine.
    """

    scheme: str
    hosts: tuple[str, ...]
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def url(self) -> str:
        """The address with the token, which opens the studio."""
        return f"{self.scheme}://{self.hosts[0]}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Browsers share cookies among a host's ports, so the port is in it."""
        return f"nano-banana-studio-{self.port}"

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return secrets.compare_digest(given.encode(errors="surrogatepass"), self.token.encode())

    def set_cookie(self) -> str:
        """The header that sets the cookie."""
        secure = "; Secure" if self.scheme == "https" else ""
        return f"{self.cookie}={self.token}; Path=/; SameSite=Strict; HttpOnly{secure}"

    def is_known(self, headers: Headers) -> bool:
        """Whether a request has the cookie."""
        # Unlike `SimpleCookie`, it isn't put off by odd cookies that other servers of this machine have set.
        from starlette.requests import cookie_parser

        given = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(self.cookie)
        return given is not None and self.is_token(given)

    def is_own_host(self, headers: Headers) -> bool:
        """Whether `Host` is one of ours."""
        return headers.get(b"host", b"").decode("latin-1").casefold() in self.hosts

    def is_own_origin(self, headers: Headers, method: str) -> bool:
        """Whether the request comes from our own pages. What changes something must say where it comes from."""
        origin = headers.get(b"origin")
        if origin is None:
            return method in SAFE_METHODS
        host = headers.get(b"host", b"").decode("latin-1").casefold()
        return origin.decode("latin-1").casefold() == f"{self.scheme}://{host}"


class AccessGuard:
    """Answers for the app what it must not see, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, access: StudioAccess, refuse: Callable[[str, str], ASGIApp]) -> None:
        """Guard `app`; `refuse` makes the answer for a path and a reason (`host`, `origin`, `token`)."""
        self._app = app
        self._access = access
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] != "http":
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.lower(), value) for name, value in message.get("headers", ())]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*headers, *SECURITY_HEADERS]}
            await send(message)

        await self._chosen(scope)(scope, receive, secured)

    def _chosen(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        access, path = self._access, str(scope["path"])
        headers: Headers = dict(scope["headers"])
        if not access.is_own_host(headers):
            return self._refuse(path, "host")
        if not access.is_own_origin(headers, scope["method"]):
            return self._refuse(path, "origin")
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0] if path == "/" else ""
        if not access.is_known(headers) and not access.is_token(given):
            return self._refuse(path, "token")
        return self._app
