"""The one connection to fal: client, hosts, patience and clock together."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from nano_banana.providers.fal.client import FalClient
from nano_banana.providers.fal.client import headers_for
from nano_banana.providers.fal.clock import Clock
from nano_banana.providers.fal.hosts import Hosts
from nano_banana.providers.fal.pace import Pace
from nano_banana.providers.fal.resend import Patience
from nano_banana.providers.fal.resend import insist
from nano_banana.providers.fal.terms import Terms
from nano_banana.providers.fal.wire import Wire

Params = Mapping[str, str | int | list[str]]


class Line:
    """One a run, made inside its event loop; close it at the end.

    `wire` is the HTTP client (each request once), `client` fal's own client on it, `hosts` tells where fal is.
    """

    def __init__(self, terms: Terms, clock: Clock) -> None:
        self.terms = terms
        self.clock = clock
        self.hosts = Hosts(terms.base)
        self.wire = Wire(self.hosts, headers_for(terms.key), Pace(terms.per_second, clock))
        self.client = FalClient(terms.key, self.wire)

    async def get(
        self, url: str, *, what: str, params: Params | None = None, patience: Patience | None = None
    ) -> httpx.Response:
        """A GET with the key, sent again as `insist` does; any other status than "not now" is the caller's to judge.

        `what` says what is asked for, for the error.
        """

        async def once() -> httpx.Response:
            return await self.wire.get(url, params=None if params is None else dict(params))

        return await insist(once, patience=patience or Patience(), clock=self.clock, what=what)

    async def close(self) -> None:
        """Give the connections back."""
        await self.wire.aclose()
