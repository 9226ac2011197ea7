"""One run's connection to fal: client, hosts, rate limit and clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Literal

import fal_client
import httpx
from fal_client import AsyncRequestHandle
from fal_client.auth import AuthCredentials
from fal_client.client import USER_AGENT, AsyncCDNTokenManager, CDNToken

from nano_banana.model.json_values import as_text
from nano_banana.model.ticket import Ticket
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.http_client import FalHosts, HttpClient, retry
from nano_banana.providers.fal.timing import Backoff, Clock, RateLimiter


class UploadTokens(AsyncCDNTokenManager):
    """Upload tokens, fetched by our HTTP client."""

    def __init__(self, auth: AuthCredentials, http: HttpClient) -> None:
        super().__init__(auth)
        self._http = http

    async def _refresh_token(self) -> CDNToken:
        response = await self._http.post(self._url, headers=self._headers, json={})
        response.raise_for_status()
        found = response.json()
        return CDNToken(
            token=as_text(found["token"]),
            token_type=as_text(found["token_type"]),
            base_upload_url=as_text(found["base_url"]),
            expires_at=datetime.fromisoformat(as_text(found["expires_at"])),
        )


class FalClient(fal_client.AsyncClient):
    """`fal_client.AsyncClient` with all requests over one `HttpClient`."""

    def __init__(self, key: str, http: HttpClient) -> None:
        super().__init__(key=key)
        self._http = http
        self._tokens = UploadTokens(AuthCredentials("Key", key), http)

    @property
    async def _client(self) -> httpx.AsyncClient:
        return self._http

    @property
    async def _token_manager(self) -> AsyncCDNTokenManager:
        return self._tokens

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        yield self._http


def auth_headers(key: str) -> dict[str, str]:
    """The headers that fal-client sends with every request."""
    return {"Authorization": f"Key {key}", "User-Agent": USER_AGENT}


MAX_REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

QueryParams = Mapping[str, str | int | list[str]]


class FalSession:
    """One per run, created inside its event loop; close it at the end.

    `http` is the HTTP client, `client` fal's own client on top of it, and `hosts` are fal's addresses.
    """

    def __init__(self, config: FalConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.hosts = FalHosts(config.base)
        self.rate_limiter = RateLimiter(config.per_second, clock)
        key = config.key()
        self.http = HttpClient(self.hosts, auth_headers(key), self.rate_limiter)
        self.client = FalClient(key, self.http)

    async def get(
        self, url: str, *, what: str, params: QueryParams | None = None, backoff: Backoff | None = None
    ) -> httpx.Response:
        """A GET with the key, retried as `retry` does; the caller judges every status but "try later".

        `what` names the request in the error.
        """
        return await retry(
            lambda: self.get_once(url, params), backoff=backoff or Backoff(), clock=self.clock, what=what
        )

    async def get_once(self, url: str, params: QueryParams | None = None) -> httpx.Response:
        """A GET with the key, once. Redirects to fal's own addresses are followed, others are returned."""
        response = await self.http.get(url, params=None if params is None else dict(params))
        for _ in range(MAX_REDIRECTS):
            if response.status_code not in REDIRECT_STATUSES or "Location" not in response.headers:
                break
            with suppress(httpx.InvalidURL):
                url = str(response.url.join(response.headers["Location"]))
                if self.hosts.may_see_key(self.hosts.routed(httpx.URL(url))):
                    response = await self.http.get(url)
                    continue
            break
        return response

    def url(self, ticket: Ticket, what: Literal["status", "response", "cancel"]) -> str:
        """The service's own URL for this if the key may be sent there; else one built from the request's id."""
        given = ticket.urls.get(what, "")
        with suppress(httpx.InvalidURL):
            if given and self.hosts.may_see_key(self.hosts.routed(httpx.URL(given))):
                return given
        handle = AsyncRequestHandle.from_request_id(self.http, ticket.endpoint, ticket.request_id)
        return {"status": handle.status_url, "response": handle.response_url, "cancel": handle.cancel_url}[what]

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()
