"""What a provider may ask of the house, of a real one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.engine.async_store import AsyncStore, ClaimGranted
from nano_banana.engine.provider_dispatch import (
    STALE_SCRATCH_AFTER,
    CallSlot,
    InputFiles,
    ScratchFolders,
    StoreCallContext,
)
from nano_banana.engine.run_control import Halt
from nano_banana.model.call import Call, Reply
from nano_banana.model.event import Event
from nano_banana.model.problem import NanoBananaError, Stopped, Unusable, problem
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.model.ticket import (
    Requester,
    ResendPolicy,
    Ticket,
    TicketState,
    UnknownRequestPolicy,
    Upload,
    transition,
)
from nano_banana.store.local_store import Store

CALL = Call(provider="fal", endpoint="a/b", arguments={})


def ticket_for(call: Call = CALL) -> Ticket:
    return Ticket(
        key=call.key, document=call.text, provider="fal", service="https://s", endpoint=call.endpoint, body="{}"
    )


@dataclass
class House:
    """A store, its keeper, and what was told."""

    store: Store
    news: list[Event] = field(default_factory=list)

    def run(
        self, story: Callable[[StoreCallContext, AsyncStore], Awaitable[None]], *, last: Ticket | None = None
    ) -> None:
        """Tell a story of one call's context."""

        async def whole() -> None:
            keeper = AsyncStore(self.store, "run")
            context = StoreCallContext(
                inputs=InputFiles(self.store, {}),
                store=keeper,
                on_event=self.news.append,
                scratches=ScratchFolders(self.store.folder),
                requester=Requester(stage="shots", node="shots/1"),
                estimate_usd=0.1,
                may_submit=True,
                unknown_requests=UnknownRequestPolicy.ASK,
                resend=ResendPolicy.CHEAP,
                slot=CallSlot(),
                shutdown=ShutdownSignal(),
                last=last,
            )
            await story(context, keeper)
            await keeper.flush()

        asyncio.run(whole())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store.open(tmp_path / "store") as store:
        yield House(store)


def test_a_desk_keeps_tickets_uploads_notes_and_files(house: House) -> None:
    async def story(context: StoreCallContext, _keeper: AsyncStore) -> None:
        assert await context.last_ticket() is None
        sending = await context.save_ticket(ticket_for())
        assert (sending.number, await context.last_ticket()) == (1, sending)
        sent = await context.save_ticket(transition(sending, TicketState.SENT, request_id="r1"))
        assert (await context.last_ticket(), context.last) == (sent, sent)
        assert await context.known_requests("https://s", ["r1", "r2"]) == {"r1"}
        assert await context.known_requests("https://other", ["r1"]) == set()
        blob = house.store.blobs.put(b"bytes", media="x/y")
        assert context.path(blob).read_bytes() == b"bytes"
        assert await context.find_upload("https://s", blob) is None
        there = Upload(service="https://s", digest=blob.digest, url="https://u", expires_at=time.time() + 9e4)
        await context.save_upload(there)
        assert await context.find_upload("https://s", blob) == there
        assert await context.read_note("note") is None
        await context.write_note("note", "text")
        assert await context.read_note("note") == "text"
        folders = [context.scratch(), context.scratch()]
        assert context.folders == folders
        assert all(folder.is_dir() and not list(folder.iterdir()) for folder in folders)
        context.report_progress(phase="queued", position=3)

    house.run(story)
    (news,) = house.news
    assert (news.kind, news.stage, news.node) == ("progress", "shots", "shots/1")
    assert news.data == {"phase": "queued", "position": 3}


def test_a_claim_comes_with_the_call_s_last_ticket(house: House) -> None:
    sent = house.store.tickets.keep([replace(ticket_for(), state=TicketState.SENT, request_id="r")])[0]
    other = replace(CALL, endpoint="c/d")

    async def story(_desk: StoreCallContext, keeper: AsyncStore) -> None:
        begun = list(await asyncio.gather(keeper.claim(CALL.key), keeper.claim(other.key)))
        assert begun == [ClaimGranted(ticket=sent), ClaimGranted()]
        await keeper.release(CALL.key)
        house.store.claims.claim([CALL.key], owner="far:1:1")
        assert await keeper.claim(CALL.key) is None

    house.run(story)


def test_a_ticket_that_can_not_be_kept_is_alone_in_that(house: House) -> None:
    calls = [replace(CALL, endpoint=f"a/{name}") for name in "abc"]
    house.store.tickets.keep([ticket_for(calls[1])])

    async def story(_desk: StoreCallContext, keeper: AsyncStore) -> None:
        kept = await asyncio.gather(*(keeper.save_ticket(ticket_for(call)) for call in calls), return_exceptions=True)
        assert [type(one) for one in kept] == [Ticket, Unusable, Ticket]

    house.run(story)
    assert set(house.store.tickets.latest(call.key for call in calls)) == {call.key for call in calls}


def test_a_ticket_is_kept_where_the_one_who_keeps_it_is_cancelled(house: House) -> None:
    async def story(context: StoreCallContext, keeper: AsyncStore) -> None:
        task = asyncio.create_task(context.save_ticket(ticket_for()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await keeper.flush()
        assert house.store.tickets.latest([CALL.key])[CALL.key].state is TicketState.SENDING

    house.run(story)


def test_a_reply_that_came_between_look_and_claim_is_given(house: House) -> None:
    from nano_banana.store.reply_cache import RecordedCall

    reply = Reply(data={"a": 1})
    house.store.replies.record([RecordedCall(call=CALL, reply=reply, run="other")])

    async def story(_desk: StoreCallContext, keeper: AsyncStore) -> None:
        assert await keeper.claim(CALL.key) == reply
        assert house.store.claims.claim([CALL.key], owner="far:1:1") == {CALL.key}

    house.run(story)


def test_scratch_folders_go_and_those_of_the_dead_are_swept(tmp_path: Path) -> None:
    scratch = ScratchFolders(tmp_path)
    scratch.clean()
    old, young = scratch.make(), scratch.make()
    (old / "file").write_text("x")
    os.utime(old, (0, time.time() - STALE_SCRATCH_AFTER - 60))
    scratch.clean()
    assert [folder.exists() for folder in (old, young)] == [False, True]
    scratch.remove(young)
    scratch.remove(young)
    assert not young.exists()
    with pytest.raises(Unusable):
        ScratchFolders(tmp_path / "nowhere").make()


def test_the_first_reason_to_halt_stays_and_a_wish_to_end_is_heard_below() -> None:
    halt = Halt()
    halt.check()
    first = Unusable([problem("store_full", folder="x", reason="y")])
    halt.stop_for(first)
    halt.interrupt()
    assert halt.reason is first
    assert (halt.shutdown.requested.is_set(), halt.shutdown.forced.is_set()) == (True, False)
    halt.force()
    assert halt.shutdown.forced.is_set()
    with pytest.raises(Unusable):
        halt.check()
    again = Halt()
    again.force()
    assert isinstance(again.reason, Stopped)
    bug = ZeroDivisionError()
    again.stop_for(bug)
    again.stop_for(KeyError())
    assert again.bug is bug
    assert isinstance(again.reason, NanoBananaError)
