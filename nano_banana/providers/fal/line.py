"""The one connection to fal: client, hosts, patience and clock together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

import httpx
from fal_client import AsyncRequestHandle

from nano_banana.core.ticket import Ticket
from nano_banana.providers.fal.client import FalClient, headers_for
from nano_banana.providers.fal.clock import Clock
from nano_banana.providers.fal.hosts import Hosts
from nano_banana.providers.fal.pace import Pace
from nano_banana.providers.fal.resend import Patience, insist
from nano_banana.providers.fal.terms import Terms
from nano_banana.providers.fal.wire import Wire

REDIRECTS = 5
REDIRECTED = frozenset({301, 302, 303, 307, 308})

Params = Mapping[str, str | int | list[str]]


class Line:
    """One a run, made inside its event loop; close it at the end.

    `wire` is the HTTP client (each request once), `client` fal's own client on it, `hosts` tells where fal is.
    """

    def __init__(self, terms: Terms, clock: Clock) -> None:
        self.terms = terms
        self.clock = clock
        self.hosts = Hosts(terms.base)
        self.pace = Pace(terms.per_second, clock)
        self.wire = Wire(self.hosts, headers_for(terms.key), self.pace)
        self.client = FalClient(terms.key, self.wire)

    async def get(
        self, url: str, *, what: str, params: Params | None = None, patience: Patience | None = None
    ) -> httpx.Response:
        """A GET with the key, sent again as `insist` does; any other status than "not now" is the caller's to judge.

        `what` says what is asked for, for the error.
        """
        return await insist(lambda: self.ask(url, params), patience=patience or Patience(), clock=self.clock, what=what)

    async def ask(self, url: str, params: Params | None = None) -> httpx.Response:
        """A GET with the key, once. A redirect to another address of fal's is followed, any other is the answer."""
        response = await self.wire.get(url, params=None if params is None else dict(params))
        for _ in range(REDIRECTS):
            if response.status_code not in REDIRECTED or "Location" not in response.headers:
                break
            with suppress(httpx.InvalidURL):
                url = str(response.url.join(response.headers["Location"]))
                if self.hosts.trusted(self.hosts.placed(httpx.URL(url))):
                    response = await self.wire.get(url)
                    continue
            break
        return response

    def url(self, ticket: Ticket, what: Literal["status", "response", "cancel"]) -> str:
        """The service's own address for this, where the key may go there; else the one built from the request's id."""
        given = ticket.urls.get(what, "")
        with suppress(httpx.InvalidURL):
            if given and self.hosts.trusted(self.hosts.placed(httpx.URL(given))):
                return given
        handle = AsyncRequestHandle.from_request_id(self.wire, ticket.endpoint, ticket.request_id)
        return {"status": handle.status_url, "response": handle.response_url, "cancel": handle.cancel_url}[what]

    async def close(self) -> None:
        """Give the connections back."""
        await self.wire.aclose()
