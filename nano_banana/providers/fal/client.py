"""fal's own client on our wire, bound to one event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import fal_client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import USER_AGENT, AsyncCDNTokenManager, CDNToken

from nano_banana.core.json import as_text
from nano_banana.providers.fal.wire import Wire


class Tokens(AsyncCDNTokenManager):
    """Upload tokens, fetched over the wire instead of a client of their own."""

    def __init__(self, auth: AuthCredentials, wire: Wire) -> None:
        super().__init__(auth)
        self._wire = wire

    async def _refresh_token(self) -> CDNToken:
        response = await self._wire.post(self._url, headers=self._headers, json={})
        response.raise_for_status()
        found = response.json()
        return CDNToken(
            token=as_text(found["token"]),
            token_type=as_text(found["token_type"]),
            base_upload_url=as_text(found["base_url"]),
            expires_at=datetime.fromisoformat(as_text(found["expires_at"])),
        )


class FalClient(fal_client.AsyncClient):
    """`fal_client.AsyncClient` whose every request goes over one `Wire`."""

    def __init__(self, key: str, wire: Wire) -> None:
        super().__init__(key=key)
        self._wire = wire
        self._tokens = Tokens(AuthCredentials("Key", key), wire)

    @property
    async def _client(self) -> httpx.AsyncClient:
        return self._wire

    @property
    async def _token_manager(self) -> AsyncCDNTokenManager:
        return self._tokens

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        yield self._wire


def headers_for(key: str) -> dict[str, str]:
    """What fal-client sends with every request."""
    return {"Authorization": f"Key {key}", "User-Agent": USER_AGENT}
