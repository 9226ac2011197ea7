"""HTTP client for fal: each request once, bounded answers, and retry.

fal-client sends a request again, up to ten times, after every error of httpx and some answers (408, 409, 429, a
gateway's 502-504), whether or not a job was accepted. Here such ends leave as exceptions that it does not know
(`NoResponse`, `RetryLater`), so that it never does. Who may send again, and when, is decided by `retry` (for what may
be repeated without harm) and in `submission` (for the one request that may not).

Bodies of answers are bounded in bytes, depth and time: a server may send a small file that unpacks to gigabytes, a list
without an end, or JSON so deep that no parser reads it. Such an answer counts as one that can't be read.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import httpx
from fal_client.auth import FAL_QUEUE_RUN_HOST, FAL_RUN_HOST
from fal_client.client import AsyncBackupDomainTransport
from httpx import USE_CLIENT_DEFAULT

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, Unusable, problem
from nano_banana.providers.fal.connections import ProxyTransport
from nano_banana.providers.fal.fal_errors import ErrorResponse, classify_error
from nano_banana.providers.fal.timing import Attempts, Backoff, Clock, RateLimiter, parse_http_date

if TYPE_CHECKING:  # httpx keeps these names to itself
    from httpx._client import UseClientDefault
    from httpx._types import AuthTypes


REST, CDN, API = "rest.fal.ai", "v3.fal.media", "api.fal.ai"
_FAL_HOSTS = frozenset(
    {FAL_QUEUE_RUN_HOST, FAL_RUN_HOST, "queue.fal.run", "fal.run", "queue.falrun.com", "falrun.com", REST, CDN, API}
)
"""Includes those of fal-client's environment variables, as `host:port`."""


class FalHosts:
    """fal's own hosts, or one base address that stands for all of them."""

    def __init__(self, base: str) -> None:
        """`base` is `https://host[:port]`, or empty for fal itself."""
        self.base = httpx.URL(base.rstrip("/")) if base else None
        self.service = base.rstrip("/") or f"https://{FAL_QUEUE_RUN_HOST}"
        """The service that tickets and uploads are recorded for."""

    def url(self, host: str, path: str) -> str:
        """An address at one of fal's hosts."""
        return f"https://{host}{path}"

    def routed(self, url: httpx.URL) -> httpx.URL:
        """The URL that a request to `url` is sent to: fal's hosts are replaced by the base, if there is one."""
        if self.base is None or _netloc(url) not in _FAL_HOSTS:
            return url
        return url.copy_with(scheme=self.base.scheme, host=self.base.host, port=self.base.port)

    def may_see_key(self, url: httpx.URL) -> bool:
        """Whether the key may be sent there: to fal over https, or to the user's base."""
        if self.base is not None:
            return (url.scheme, url.host, url.port) == (self.base.scheme, self.base.host, self.base.port)
        return url.scheme == "https" and _netloc(url) in _FAL_HOSTS


def _netloc(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")


MAX_BODY_BYTES = 64 * 1024 * 1024
"""Most bytes of a JSON answer, which may contain pictures; longer ones are not read."""

MAX_BODY_SECONDS = 120.0
"""Most seconds for such an answer."""

MAX_JSON_DEPTH = 64
"""Levels of lists and objects. fal's own answers have fewer than ten."""

MAX_STREAM_BYTES = 16 * 1024 * 1024
"""Bytes of one stream of statuses."""

CHUNK_BYTES = 256 * 1024
ACCEPT_ENCODING = "gzip, deflate"
"""The encodings that `iter_decoded` can unpack in bounded pieces."""

_ENCODED = frozenset({"gzip", "x-gzip", "deflate"})
_ABOUT_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


async def iter_decoded(response: httpx.Response, *, gather: int | None = None) -> AsyncIterator[bytes]:
    """The body, decoded in pieces of at most `CHUNK_BYTES`; `gather` is how many encoded bytes to read at once.

    Raises httpx.DecodingError.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        async for part in response.aiter_raw(gather):
            yield part
        return
    if coding not in _ENCODED:
        raise httpx.DecodingError(f"encoded as {coding[:20]}", request=response.request)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: the header says whether it is gzip or zlib
    async for part in response.aiter_raw(gather):
        left, piece = part, b""
        while not unpack.eof and (left or len(piece) == CHUNK_BYTES):
            try:
                piece = unpack.decompress(left, CHUNK_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=response.request) from error
            left = unpack.unconsumed_tail
            yield piece
    if not unpack.eof:
        raise httpx.DecodingError("cut short", request=response.request)


async def read_bounded(response: httpx.Response) -> httpx.Response:
    """The response, read to its end and closed. If it is too long or too deep, its body is empty.

    Raises httpx.RequestError if it doesn't arrive in time.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            async for part in iter_decoded(response):
                body += part
                if len(body) > MAX_BODY_BYTES:
                    body.clear()
                    break
    except TimeoutError as error:
        raise httpx.ReadTimeout("too slow", request=response.request) from error
    finally:
        await response.aclose()
    content = b"" if _is_too_deep(body) else bytes(body)
    request, extensions = response.request, response.extensions
    made = httpx.Response(
        response.status_code, headers=_head(response), content=content, request=request, extensions=extensions
    )
    made.encoding = "utf-8"  # and not what the answer says: some of Python's codecs unpack
    return made


def json_or_text(response: httpx.Response) -> JSONValue:
    """The answer's JSON, or its text if it isn't JSON."""
    try:
        found: JSONValue = json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text
    return found


def error_in(response: httpx.Response, endpoint: str) -> ErrorResponse:
    """What an answer with a status of 400 or more means."""
    return classify_error(response.status_code, response.headers, json_or_text(response), endpoint=endpoint)


def bounded_stream(response: httpx.Response) -> httpx.Response:
    """The response as a decoded stream that ends with httpx.ReadError after `MAX_STREAM_BYTES`."""

    async def parts() -> AsyncIterator[bytes]:
        left = MAX_STREAM_BYTES
        try:
            async for part in iter_decoded(response):
                left -= len(part)
                if left < 0:
                    raise httpx.ReadError("the stream is too long")
                yield part
        finally:
            await response.aclose()

    return httpx.Response(response.status_code, headers=_head(response), content=parts(), request=response.request)


def _head(response: httpx.Response) -> list[tuple[str, str]]:
    """The headers that don't describe the body as it was sent."""
    return [(name, text) for name, text in response.headers.multi_items() if name not in _ABOUT_BODY]


def _is_too_deep(body: bytearray) -> bool:
    # Most answers have fewer brackets than levels are allowed: they need not be looked at.
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return False
    try:
        level: list[JSONValue] = [json.loads(body)]
    except ValueError:
        return False
    except RecursionError:
        return True
    for _ in range(MAX_JSON_DEPTH):
        lists = [list(value.values()) if isinstance(value, dict) else value for value in level]
        level = [item for values in lists if isinstance(values, list) for item in values]
    return bool(level)


SUBMIT_HEADER = "x-app-fal-disable-fallback"
"""A header of submissions, which waited for the rate limit before their ticket was saved. It tells fal to use no other
endpoint."""

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
RETRY_STATUSES = frozenset({408, 409, 429, 502, 503, 504})
"""Statuses after which fal-client would resend the request."""


class NoResponse(Exception):
    """No answer came.

    `sent` means that the request may have arrived; `why` is connect, tls, timeout or lost; `host` may be empty.
    """

    def __init__(self, why: str, *, sent: bool, host: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.host = host


class RetryLater(Exception):
    """An answer that may mean: try again later."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(str(response.status_code))
        self.response = response


class HttpClient(httpx.AsyncClient):
    """Sends requests to fal's hosts, within the rate limit, and the key to nobody else.

    Raises Unusable if certificates can't be read or the proxy can't be used. Requests raise NoResponse and RetryLater
    instead of httpx's errors; reading a stream raises httpx.RequestError.
    """

    def __init__(self, hosts: FalHosts, headers: dict[str, str], rate_limiter: RateLimiter) -> None:
        trust = trusted_certificates()
        super().__init__(
            transport=_transport(hosts, trust),
            verify=trust,
            trust_env=False,
            headers={"Accept-Encoding": ACCEPT_ENCODING, **headers},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )
        self._hosts = hosts
        self._rate_limiter = rate_limiter
        self._key = headers["Authorization"]

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        """Send it, once. Unless it is a `stream`, the response is read within the bounds."""
        request.url = self._hosts.routed(request.url)
        request.headers["Host"] = _netloc(request.url)
        request.headers.pop("Cookie", None)
        if request.headers.get("Authorization") == self._key:
            if not self._hosts.may_see_key(request.url):
                del request.headers["Authorization"]
            elif SUBMIT_HEADER not in request.headers:
                await self._rate_limiter.wait()
        try:
            response = await super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
            if not stream or response.status_code in RETRY_STATUSES:
                response = await read_bounded(response)
        except httpx.RequestError as error:
            raise no_response(error, _netloc(request.url)) from error
        if response.status_code in RETRY_STATUSES:
            raise RetryLater(response)
        return response


def trusted_certificates() -> ssl.SSLContext:
    """The certificates that the environment names. Raises Unusable if they can't be read."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ]
        raise Unusable([problem("certificates_unreadable", names=names, why=error.strerror or str(error))]) from error


def _transport(hosts: FalHosts, trust: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """The transport to fal. Raises Unusable if its proxy can't be used."""
    routes = ProxyTransport(trust)
    routes.check(httpx.URL(hosts.service))
    return AsyncBackupDomainTransport(transport=routes) if hosts.base is None else routes


def no_response(error: httpx.RequestError, host: str = "") -> NoResponse:
    """What an error means for the request; an answer that can't be decoded counts as lost."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return NoResponse("timeout", sent=False, host=host)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        return NoResponse("tls" if _is_tls(error) else "connect", sent=False, host=host)
    return NoResponse("timeout" if isinstance(error, httpx.TimeoutException) else "lost", sent=True, host=host)


def _is_tls(error: BaseException) -> bool:
    """Whether TLS failed for good; an interrupted handshake may succeed the next time."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
        cause = cause.__cause__ or cause.__context__
    return False


T = TypeVar("T")

MAX_RETRY_AFTER = 120.0


async def retry(work: Callable[[], Awaitable[T]], *, backoff: Backoff, clock: Clock, what: str) -> T:
    """Repeat idempotent `work` until it succeeds; `what` names it in the error.

    Raises CallFailed `fal_unreachable` or `fal_busy` after the last try, and at once if a certificate is refused.
    """
    attempts = Attempts(backoff, clock)
    while True:
        try:
            return await work()
        except NoResponse as error:
            wait, failure = attempts.next_wait(), unreachable_error(error, what)
            if error.why == "tls":
                raise failure from error
        except RetryLater as error:
            wait, failure = attempts.next_wait(retry_after(error, clock)), busy_error(error, what)
            if error.response.status_code == 409:
                raise failure from error
        if wait is None:
            raise failure
        await clock.sleep(wait)


def retry_after(declined: RetryLater, clock: Clock) -> float:
    """The seconds that the service asks to wait; 0 if it doesn't say (RFC 9110 §10.2.3: seconds or a date)."""
    text = declined.response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), MAX_RETRY_AFTER)
    at = parse_http_date(text)
    return 0.0 if at is None else min(max(at - clock.now(), 0.0), MAX_RETRY_AFTER)


def unreachable_error(error: NoResponse, what: str) -> CallFailed:
    """The error for a request without an answer."""
    kind = "fal_certificate" if error.why == "tls" else "fal_unreachable"
    return CallFailed([problem(kind, what=what, why=error.why, host=error.host or "fal")])


def busy_error(error: RetryLater, what: str) -> CallFailed:
    """The error for an answer that says: try later."""
    return CallFailed([problem("fal_busy", what=what, status=error.response.status_code)])
