"""The HTTP client: sends each request once and says how it ended.

fal-client sends a request again, up to ten times, after every error of httpx and some answers (408, 409, 429, a
gateway's 502–504), whether or not a job was accepted. Here such ends leave as exceptions that it does not know, so that
it never does; who may send again, and when, is decided in `resend.py` and `submit.py`.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

import httpx
from fal_client.client import AsyncBackupDomainTransport
from httpx import USE_CLIENT_DEFAULT

from nano_banana.core.errors import Unusable, trouble
from nano_banana.providers.fal.bodies import CODINGS, whole
from nano_banana.providers.fal.hosts import Hosts
from nano_banana.providers.fal.pace import Pace
from nano_banana.providers.fal.proxies import Routes

if TYPE_CHECKING:  # httpx keeps these names to itself
    from httpx._client import UseClientDefault
    from httpx._types import AuthTypes

SUBMIT = "x-app-fal-disable-fallback"
"""The header of requests to the queue, which had their turn before they were written down. It says to fal: no other
endpoint will do."""

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
REFUSALS = frozenset({408, 409, 429, 502, 503, 504})
"""Answers that fal-client would meet with the same request again."""


class Broken(Exception):
    """No answer came.

    `sent` says that the request may have arrived; `why` is connect, tls, timeout or lost; `host` is who was asked,
    empty where that is not known.
    """

    def __init__(self, why: str, *, sent: bool, host: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.host = host


class Declined(Exception):
    """An answer that may mean: try again later."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(str(response.status_code))
        self.response = response


class Wire(httpx.AsyncClient):
    """Sends to fal's hosts wherever they are, at the pace agreed, and shows the key to nobody else.

    Can't be made where the certificates to trust can't be read or the proxy can't be used (Unusable).
    Raises Broken and Declined in place of httpx's own; while a stream is read, httpx's RequestError as it comes.
    """

    def __init__(self, hosts: Hosts, headers: dict[str, str], pace: Pace) -> None:
        trust = trusted_certificates()
        super().__init__(
            transport=_transport(hosts, trust),
            verify=trust,
            trust_env=False,
            headers={"Accept-Encoding": CODINGS, **headers},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )
        self._hosts = hosts
        self._pace = pace
        self._key = headers["Authorization"]

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        """Send it, once. Unless it is a `stream`, the answer is read within the bounds of `bodies`."""
        request.url = self._hosts.placed(request.url)
        request.headers["Host"] = request.url.netloc.decode("ascii")
        request.headers.pop("Cookie", None)
        if request.headers.get("Authorization") == self._key:
            if not self._hosts.trusted(request.url):
                del request.headers["Authorization"]
            elif SUBMIT not in request.headers:
                await self._pace.turn()
        try:
            response = await super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
            if not stream or response.status_code in REFUSALS:
                response = await whole(response)
        except httpx.RequestError as error:
            raise broken(error, request.url.netloc.decode("ascii")) from error
        if response.status_code in REFUSALS:
            raise Declined(response)
        return response


def trusted_certificates() -> ssl.SSLContext:
    """The certificates that the environment names. Raises Unusable where they can't be read."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ]
        raise Unusable([trouble("certificates_unreadable", names=names, why=error.strerror or str(error))]) from error


def _transport(hosts: Hosts, trust: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """By the way that there is to fal. Raises Unusable where its proxy can't be used."""
    routes = Routes(trust)
    routes.check(httpx.URL(hosts.service))
    return AsyncBackupDomainTransport(transport=routes) if hosts.base is None else routes


def broken(error: httpx.RequestError, host: str = "") -> Broken:
    """What an error says about the request; an answer that can't be decoded is none, but came from somewhere."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Broken("timeout", sent=False, host=host)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        return Broken("tls" if _is_tls(error) else "connect", sent=False, host=host)
    return Broken("timeout" if isinstance(error, httpx.TimeoutException) else "lost", sent=True, host=host)


def _is_tls(error: BaseException) -> bool:
    """Whether the two sides can't agree; a hand-shake that was cut off may go better the next time."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
        cause = cause.__cause__ or cause.__context__
    return False
