"""What earlier runs left at a service is collected beside a run, whoever sent it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.engine.call_resolver import CallResolver, collecting_earlier_requests
from nano_banana.engine.provider_dispatch import InputFiles
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.model.call import Call
from nano_banana.model.problem import CallFailed, Refused, Stopped, problem
from nano_banana.model.provider_protocol import Answer, CallContext
from nano_banana.model.ticket import Requester, Ticket, TicketState, transition
from nano_banana.store.local_store import Store

CALL = Call(provider="fal", endpoint="a/b", arguments={"seed": 1})
OTHER = Call(provider="fal", endpoint="a/b", arguments={"seed": 2})
Act = Callable[[Call, CallContext], Awaitable[Answer]]


async def collects(_call: Call, context: CallContext) -> Answer:
    """As a provider whose request is done."""
    ticket = await context.last_ticket()
    if ticket is None or not ticket.open:
        ticket = transition(await context.save_ticket(ticket_for(CALL)), TicketState.SENT, request_id="new")
    return Answer(data={}, cost_usd=0.1, ticket=transition(ticket, TicketState.COLLECTED, cost_usd=0.1))


async def fails(_call: Call, _desk: CallContext) -> Answer:
    raise CallFailed([problem("result_gone", endpoint="a/b")])


async def waits(_call: Call, context: CallContext) -> Answer:
    await context.shutdown.requested.wait()
    raise Stopped([problem("interrupted")])


def ticket_for(call: Call) -> Ticket:
    return Ticket(
        key=call.key, document=call.text, provider="fal", service="https://s", endpoint=call.endpoint, body="{}"
    )


@dataclass
class Service:
    """A store with a request that was sent, and a provider that acts."""

    store: Store
    act: Act = collects
    missing: Collection[str] = ()
    asked: list[tuple[str, bool]] = field(default_factory=list)
    halt: Halt = field(default_factory=Halt)
    name: str = "fal"

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Note, act."""
        self.asked.append((call.key, context.may_submit))
        return await self.act(call, context)

    async def close(self) -> None:
        """Nothing."""

    def sent(self, call: Call) -> Ticket:
        """Keep a ticket of a request that was accepted."""
        ticket = self.store.tickets.keep([ticket_for(call)])[0]
        return self.store.tickets.keep([transition(ticket, TicketState.SENT, request_id=f"r{ticket.number}")])[0]

    def run(self, story: Callable[[CallResolver], Awaitable[None]], *, provider: str = "fal") -> CallResolver:
        """Tell a story beside which things are resumed."""
        policy = EnginePolicy(
            providers={"fal": lambda: self},
            kind_of=lambda _call: "image",
            limits={"image": 1},
            price=lambda _call: 0.2,
            missing=self.missing,
        )

        async def whole() -> CallResolver:
            answering = CallResolver(policy, InputFiles(self.store, {}), lambda _news: None, "run", self.halt)
            try:
                async with collecting_earlier_requests(self.store, answering, provider):
                    await story(answering)
            finally:
                await answering.close()
            return answering

        return asyncio.run(asyncio.wait_for(whole(), 5))

    def state(self, call: Call) -> TicketState:
        """Of its last ticket."""
        return self.store.tickets.latest([call.key])[call.key].state


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Store.open(tmp_path / "store") as store:
        yield Service(store)


async def a_moment(_answering: CallResolver) -> None:
    await asyncio.sleep(0.1)


def test_everything_sent_is_collected_and_recorded_with_its_ticket_closed(service: Service) -> None:
    for call in (CALL, OTHER):
        service.sent(call)
    answering = service.run(a_moment)
    assert answering.made == {CALL.key, OTHER.key}
    assert set(service.store.replies.get([CALL.key, OTHER.key])) == {CALL.key, OTHER.key}
    assert [service.state(call) for call in (CALL, OTHER)] == [TicketState.COLLECTED] * 2
    assert {buys for _, buys in service.asked} == {False}


def test_nothing_else_is_touched(service: Service) -> None:
    service.store.tickets.keep([ticket_for(CALL)])
    ticket = service.store.tickets.keep([ticket_for(OTHER)])[0]
    service.store.tickets.keep([transition(ticket, TicketState.UNKNOWN)])
    service.run(a_moment)
    service.sent(Call(provider="fal", endpoint="c/d", arguments={}))
    service.run(a_moment, provider="")
    service.run(a_moment, provider="another")
    assert service.asked == []


def test_a_call_that_is_wanted_meanwhile_is_answered_by_it_once(service: Service) -> None:
    service.sent(CALL)
    service.missing = {CALL.key}
    got: list[bool] = []

    async def story(answering: CallResolver) -> None:
        got.append((await answering.answer(CALL, Requester(stage="s", node="n")))[1])

    service.run(story)
    assert got == [True]
    assert service.asked == [(CALL.key, True)]


def test_what_is_not_done_is_left_at_the_end(service: Service) -> None:
    service.sent(CALL)
    service.act = waits
    answering = service.run(a_moment)
    assert (answering.halt.reason, answering.made, answering.failed) == (None, set(), {})
    assert service.state(CALL) is TicketState.SENT


def test_a_failure_is_nobody_s_but_those_s_who_want_it(service: Service) -> None:
    service.sent(CALL)
    service.act = fails
    answering = service.run(a_moment)
    assert (answering.failed, answering.halt.reason) == ({}, None)
    service.missing = {CALL.key}
    answering = service.run(a_moment)
    assert set(answering.failed) == {CALL.key}
    assert answering.halt.reason is None


def test_one_that_another_process_is_at_is_theirs(service: Service) -> None:
    service.sent(CALL)
    service.store.claims.claim([CALL.key], owner="far:1:1")
    answering = service.run(a_moment)
    assert (service.asked, answering.failed, answering.halt.reason) == ([], {}, None)


def test_one_that_was_answered_by_now_is_not_asked_for(service: Service) -> None:
    service.sent(CALL)
    service.run(a_moment)
    service.sent(CALL)
    service.asked.clear()
    service.run(a_moment)
    assert service.asked == []


def test_one_under_way_already_is_left_to_those_who_asked(service: Service) -> None:
    ticket = service.sent(CALL)
    service.missing = {CALL.key}

    async def story(answering: CallResolver) -> None:
        first = asyncio.create_task(answering.answer(CALL, Requester()))
        await asyncio.sleep(0)
        await answering.resume(ticket)
        await first

    service.run(story, provider="")
    assert len(service.asked) == 1


@pytest.mark.parametrize(("is_wanted", "spent"), [(False, 0.0), (True, 0.1)])
def test_what_another_run_sent_for_another_recipe_is_in_no_other_budget(
    service: Service, spent: float, *, is_wanted: bool
) -> None:
    service.sent(CALL)
    service.missing = {CALL.key} if is_wanted else ()
    assert service.run(a_moment).budget.spent == spent


def test_a_key_that_is_refused_what_nobody_waits_for_may_do_well_otherwise(service: Service) -> None:
    """It was sent with another key, say."""

    async def refuses(call: Call, _desk: CallContext) -> Answer:
        if call == CALL:
            raise Refused([problem("fal_forbidden", status=403, said="no")])
        return Answer(data={})

    async def story(answering: CallResolver) -> None:
        await answering.answer(OTHER, Requester())

    service.sent(CALL)
    service.act, service.missing = refuses, {OTHER.key}
    answering = service.run(story)
    assert (answering.halt.reason, answering.failed, answering.made) == (None, {}, {OTHER.key})
    assert service.state(CALL) is TicketState.SENT


@pytest.mark.parametrize("error", [Refused([problem("fal_key_refused", status=401, said="no")]), ZeroDivisionError()])
def test_what_ends_the_run_and_a_bug_of_ours_halt_it(service: Service, error: Exception) -> None:
    async def breaks(_call: Call, _desk: CallContext) -> Answer:
        raise error

    service.sent(CALL)
    service.missing = {CALL.key}
    service.act = breaks
    answering = service.run(a_moment)
    assert error in (answering.halt.reason, answering.halt.bug)
    assert service.state(CALL) is TicketState.SENT


def test_a_document_that_can_not_be_read_halts_the_run_and_hangs_nobody(service: Service) -> None:
    ticket = service.sent(CALL)
    service.store.tickets.keep([replace(ticket, document="[]")])
    answering = service.run(a_moment)
    assert isinstance(answering.halt.bug, TypeError)
