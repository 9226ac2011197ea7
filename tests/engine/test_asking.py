"""What a call costs, where it ends badly: the budget counts what will be billed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.provider_dispatch import InputFiles
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.model.call import Call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.problem import CallFailed, LimitReached, problem
from nano_banana.model.provider_protocol import Answer, CallContext
from nano_banana.model.ticket import Requester, Ticket, TicketState, UnknownRequestPolicy, transition
from nano_banana.store.local_store import Store

PRICE = 0.5


@dataclass
class Seller:
    """A provider that sends a request, and then fails as it is told."""

    ends: TicketState
    cost_usd: float | None
    name: str = "fal"

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Send, perhaps close, fail."""
        ticket = await context.save_ticket(ticket_of(call))
        if self.ends is not TicketState.SENDING:
            ticket = await context.save_ticket(transition(ticket, TicketState.SENT, request_id=f"id-{call.endpoint}"))
        if self.ends not in {TicketState.SENDING, TicketState.SENT}:
            await context.save_ticket(transition(ticket, self.ends))
        raise CallFailed([problem("fal_busy", what=call.endpoint, status=503)], cost_usd=self.cost_usd)

    async def close(self) -> None:
        """Nothing to give back."""


def ticket_of(call: Call) -> Ticket:
    """A ticket as it is before the request is sent."""
    return Ticket(
        key=call.key, document=call.text, provider="fal", service="https://fal", endpoint=call.endpoint, body="{}"
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    with Store.open(tmp_path / "store") as opened:
        yield opened


async def asked(
    store: Store,
    seller: Seller,
    *,
    lost: UnknownRequestPolicy = UnknownRequestPolicy.ASK,
    budget: float | None = None,
    on_event: EventHandler = lambda _news: None,
) -> CallResolver:
    """Ask for one call, which fails; return the answering."""
    policy = EnginePolicy(
        providers={"fal": lambda: seller},
        kind_of=lambda _call: "image",
        price=lambda _call: PRICE,
        budget_usd=budget,
        unknown_requests=lost,
    )
    answering = CallResolver(policy, InputFiles(store, {}), on_event, "run", Halt())
    try:
        with pytest.raises(CallFailed):
            await answering.answer(Call(provider="fal", endpoint="a/b", arguments={}), Requester())
    finally:
        await answering.close()
    return answering


@pytest.mark.parametrize(
    ("ends", "said", "spent", "unknown"),
    [
        (TicketState.SENT, 0.0, PRICE, 1),
        (TicketState.SENT, 0.3, 0.3, 0),
        (TicketState.UNKNOWN, None, PRICE, 1),
        (TicketState.FAILED, 0.0, 0.0, 0),
        (TicketState.FAILED, 0.2, 0.2, 0),
    ],
)
def test_what_stays_at_the_service_will_be_billed_whoever_collects_it(
    store: Store, ends: TicketState, said: float | None, spent: float, unknown: int
) -> None:
    news: list[Event] = []
    answering = asyncio.run(asked(store, Seller(ends, said), on_event=news.append))
    assert answering.budget.spent == pytest.approx(spent)
    assert [told.cost_usd for told in news if told.kind == "failed"] == [None if unknown else said]


def test_a_lost_request_is_in_the_budget_already_unless_it_is_bought_again(store: Store) -> None:
    call = Call(provider="fal", endpoint="a/b", arguments={})
    kept = store.tickets.keep([ticket_of(call)])[0]
    kept = store.tickets.keep([transition(kept, TicketState.UNKNOWN)])[0]
    with pytest.raises(LimitReached):
        asyncio.run(asked(store, Seller(TicketState.FAILED, 0.0), lost=UnknownRequestPolicy.RESUBMIT, budget=0.1))
    asyncio.run(asked(store, Quitter(TicketState.UNKNOWN, None), budget=0.1))


@pytest.mark.parametrize(("budget", "buys"), [(None, True), (PRICE, True), (PRICE / 2, False)])
def test_what_was_sent_is_collected_whatever_the_budget_and_bought_again_within_it(
    store: Store, budget: float | None, *, buys: bool
) -> None:
    kept = store.tickets.keep([ticket_of(Call(provider="fal", endpoint="a/b", arguments={}))])[0]
    store.tickets.keep([transition(kept, TicketState.SENT, request_id="r")])
    seller = Looker(TicketState.SENT, None)
    asyncio.run(asked(store, seller, budget=budget))
    assert seller.seen == [buys]


class Looker(Seller):
    """A provider that looks whether it may buy."""

    seen: ClassVar[list[bool]] = []

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Fail."""
        self.seen[:] = [context.may_submit]
        raise CallFailed([problem("fal_failed", endpoint=call.endpoint)])


class Quitter(Seller):
    """A provider that finds nothing of what was lost."""

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Fail."""
        assert await context.last_ticket() is not None
        raise CallFailed([problem("request_unknown", endpoint=call.endpoint)], cost_usd=None)
