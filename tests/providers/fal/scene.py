"""fal's provider on its stage: an odd server, a quick clock, a real store."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import NanoBananaError
from nano_banana.model.provider_protocol import Answer, ShutdownSignal
from nano_banana.model.ticket import Ticket, TicketState, UnknownRequestPolicy, transition
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_provider import FalProvider
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.context import BookDesk
from tests.providers.fal.odd import ENDPOINT, SUBMIT, Odd

T = TypeVar("T")
KEY = "id:secret"
CATALOG = Catalog.load()


def call_for(prompt: str = "a cat", **arguments: JSONValue) -> Call:
    """A call for one picture."""
    return Call(provider="fal", endpoint=ENDPOINT, arguments={"prompt": prompt, "seed": 1, **arguments})


def kinds(error: NanoBananaError) -> list[str]:
    """What an error says."""
    return [problem.kind for problem in error.problems]


@dataclass
class Scene:
    """Everything that a request needs."""

    odd: Odd
    clock: QuickClock
    store: Store
    session: FalSession
    stack: AsyncExitStack

    @property
    def posts(self) -> int:
        """How many requests were submitted."""
        return self.odd.count(SUBMIT)

    def fal(self) -> FalProvider:
        """The provider, closed at the end."""
        made = FalProvider(FalConfig(key=lambda: KEY, base=self.odd.url), CATALOG, self.clock)
        self.stack.push_async_callback(made.close)
        return made

    def context(
        self,
        call: Call | None = None,
        *,
        lost: UnknownRequestPolicy = UnknownRequestPolicy.ASK,
        shutdown: ShutdownSignal | None = None,
    ) -> BookDesk:
        """A call's desk."""
        return BookDesk(self.store, (call or call_for()).key, unknown_requests=lost, shutdown=shutdown)

    def ticket(self, *ways: TicketState, call: Call | None = None, name: str = "r1", **more: object) -> Ticket:
        """A ticket that was kept on each of its ways; `sent` gives it the id `name`."""
        call = call or call_for()
        ticket = Ticket(
            key=call.key,
            document=call.text,
            provider="fal",
            service=str(more.get("service", self.odd.url)),
            endpoint=call.endpoint,
            body='{"prompt":"a cat","seed":1}',
            begun_at=self.clock.now(),
        )
        ticket = self.store.tickets.keep([ticket])[0]
        for state in ways:
            named = name if state is TicketState.SENT else None
            ticket = transition(ticket, state, request_id=named, reason=str(more.get("reason", "")))
            ticket = self.store.tickets.keep([ticket])[0]
        return replace(ticket)

    def last(self, call: Call | None = None) -> Ticket:
        """The call's ticket as it is kept."""
        return self.store.tickets.latest([(call or call_for()).key])[(call or call_for()).key]

    async def answer(self, context: BookDesk | None = None, call: Call | None = None) -> Answer | NanoBananaError:
        """Ask the provider; an error of ours is given back."""
        try:
            return await self.fal().answer(call or call_for(), context or self.context(call))
        except NanoBananaError as error:
            return error


Player = Callable[[Callable[[Scene], Awaitable[None]]], None]


def play(story: Callable[[Scene], Awaitable[None]], tls: ssl.SSLContext, store: Store, clock: QuickClock) -> None:
    """Run a story with a server and a line of its own."""

    async def whole() -> None:
        async with Odd(tls) as odd, AsyncExitStack() as stack:
            session = FalSession(FalConfig(key=lambda: KEY, base=odd.url), clock)
            stack.push_async_callback(session.close)
            await asyncio.wait_for(story(Scene(odd, clock, store, session, stack)), 60)

    asyncio.run(whole())
