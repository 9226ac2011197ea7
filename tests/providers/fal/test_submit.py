"""A request is sent once, unless nothing can have been accepted."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from dataclasses import replace

import pytest
import trustme

from nano_banana.model.call import Call
from nano_banana.model.problem import CallFailed, NanoBananaError, Refused, Stopped
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.model.ticket import Ticket, TicketState
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.submission import SUBMIT_BACKOFF, Submitter
from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.conftest import serving
from tests.providers.fal.context import BookDesk
from tests.providers.fal.odd import CUT, HANG, NGINX, SUBMIT, Act, Asked, Odd, said
from tests.providers.fal.scene import KEY, Player, Scene, call_for, kinds

TYPED = {"detail": "no runner", "error_type": "runner_scheduling_failure"}


async def submit(scene: Scene, context: BookDesk | None = None) -> Ticket | NanoBananaError:
    scene.session.client.default_timeout = 0.2
    try:
        return await Submitter(scene.session).submit(call_for(), call_for().arguments, context or scene.context())
    except NanoBananaError as error:
        return error


@pytest.mark.parametrize(
    "act",
    [
        CUT,
        HANG,
        Act(body=b"garbage"),
        Act(body=b"[1]"),
        Act(body=b"\xff"),
        said({"status": "IN_QUEUE"}),
        said({"request_id": 5, "status_url": 1, "response_url": 2, "cancel_url": 3}),
        said({"request_id": "", "status_url": "", "response_url": "", "cancel_url": ""}),
        Act(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
        Act(body=b"{", torn=True),
        *(Act(status=code, body=NGINX) for code in (408, 500, 502, 503, 504, 520, 524)),
    ],
    ids=repr,
)
def test_what_may_have_been_accepted_is_sent_once_and_unknown(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[SUBMIT] = [act]
        ticket = await submit(scene)
        assert isinstance(ticket, Ticket)
        assert (ticket.state, ticket.reason, ticket.request_id) == (TicketState.UNKNOWN, "answer_lost", "")
        assert scene.last() == ticket
        assert scene.posts == 1
        assert scene.clock.slept == []

    play(story)


@pytest.mark.parametrize(
    ("act", "kind", "cls"),
    [
        (said({"detail": "odd"}, 409), "request_refused", CallFailed),
        (said({"detail": [{"loc": ["body", "seed"], "type": "int_type"}]}, 422), "argument_refused", CallFailed),
        (said(["odd"], 400), "request_refused", CallFailed),
        (said({"detail": "moved"}, 302, Location="/elsewhere"), "request_refused", CallFailed),
        (said({"detail": "who?"}, 401), "fal_key_refused", Refused),
        (said({"detail": "locked"}, 403), "fal_forbidden", Refused),
        (said({"detail": "what?"}, 404), "endpoint_gone", Refused),
        (said({"detail": "x"}, 500, x_fal_error_type="internal_error"), "fal_failed", CallFailed),
    ],
    ids=repr,
)
def test_what_is_refused_is_sent_once_and_closed(play: Player, act: Act, kind: str, cls: type[object]) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[SUBMIT] = [act]
        error = await submit(scene)
        assert isinstance(error, cls)
        assert isinstance(error, NanoBananaError)
        assert kinds(error) == [kind]
        assert scene.last().state is TicketState.WITHDRAWN
        assert scene.posts == 1

    play(story)


@pytest.mark.parametrize(
    "busy",
    [
        said({"detail": "slowly"}, 429, Retry_After="7"),
        said(TYPED, 503, x_fal_request_id="x", Retry_After="7"),
        said(TYPED, 504, x_fal_error_type="startup_timeout", Retry_After="7"),
    ],
    ids=repr,
)
def test_what_was_surely_not_accepted_is_sent_again_after_its_ticket_was_withdrawn(play: Player, busy: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[SUBMIT] = [busy, busy, scene.odd.takes("r9")]
        ticket = await submit(scene)
        assert isinstance(ticket, Ticket)
        assert (ticket.state, ticket.request_id, ticket.number) == (TicketState.SENT, "r9", 3)
        assert scene.clock.slept == [7.0, 7.0]
        assert scene.posts == 3

    play(story)


def test_patience_with_a_busy_service_ends_and_leaves_nothing_open(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[SUBMIT] = [said({"detail": "slowly"}, 429)]
        error = await submit(scene)
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["fal_busy"]
        assert sum(scene.clock.slept) <= SUBMIT_BACKOFF.total
        assert scene.posts == len(scene.clock.slept) + 1 < 30
        assert scene.store.tickets.opened("fal") == []

    play(story)


def test_nothing_waits_while_a_ticket_is_on_its_way_and_all_is_written_before_it_leaves(play: Player) -> None:
    async def story(scene: Scene) -> None:
        class Watching(QuickClock):
            async def sleep(self, seconds: float) -> None:
                assert scene.store.tickets.opened("fal") == []
                await super().sleep(seconds)

        seen: list[list[TicketState]] = []

        async def look(asked: Asked) -> Act:
            assert json.loads(asked.body) == dict(call_for().arguments)
            assert asked.headers["x-app-fal-disable-fallback"] == "true"
            with Store.open(scene.store.folder) as another:
                seen.append([ticket.state for ticket in another.tickets.opened("fal")])
            return said({"detail": "slowly"}, 429) if len(seen) < 3 else scene.odd.takes()

        scene.session.clock = Watching()
        scene.odd.routes[SUBMIT] = [look]
        ticket = await submit(scene)
        assert isinstance(ticket, Ticket)
        assert seen == [[TicketState.SENDING]] * 3
        assert scene.last().state is TicketState.SENT
        assert json.loads(ticket.body) == dict(call_for().arguments)

    play(story)


def test_a_refused_connection_is_tried_again_for_a_while(play: Player) -> None:
    async def story(scene: Scene) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        session = FalSession(FalConfig(key=lambda: KEY, base=f"https://127.0.0.1:{port}"), scene.clock)
        scene.stack.push_async_callback(session.close)
        error = await submit(replace(scene, session=session))
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["fal_unreachable"]
        assert error.problems[0].data["why"] == "connect"
        assert 5 < len(scene.clock.slept) < 30
        assert sum(scene.clock.slept) <= SUBMIT_BACKOFF.total
        assert scene.store.tickets.opened("fal") == []

    play(story)


def test_a_strange_certificate_is_met_once_and_said(play: Player) -> None:
    async def story(scene: Scene) -> None:
        async with Odd(serving(trustme.CA())) as stranger:
            session = FalSession(FalConfig(key=lambda: KEY, base=stranger.url), scene.clock)
            scene.stack.push_async_callback(session.close)
            error = await submit(replace(scene, session=session))
            assert isinstance(error, CallFailed)
            assert kinds(error) == ["fal_certificate"]
            assert (scene.clock.slept, stranger.asked) == ([], [])
            assert scene.last().state is TicketState.WITHDRAWN

    play(story)


def test_a_hand_shake_that_is_cut_off_is_tried_again(play: Player) -> None:
    async def story(scene: Scene) -> None:
        tries = 0

        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal tries
            tries += 1
            await reader.read(1)
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            session = FalSession(FalConfig(key=lambda: KEY, base=f"https://127.0.0.1:{port}"), scene.clock)
            scene.stack.push_async_callback(session.close)
            error = await submit(replace(scene, session=session))
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["fal_unreachable"]
        assert tries > 5

    play(story)


def test_the_wish_to_end_ends_the_wait_for_a_busy_service(play: Player) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()

        async def busy(_asked: Asked) -> Act:
            shutdown.requested.set()
            return said({"detail": "slowly"}, 429, Retry_After="100")

        scene.odd.routes[SUBMIT] = [busy]
        assert isinstance(await submit(scene, scene.context(shutdown=shutdown)), Stopped)
        assert scene.posts == 1
        assert scene.last().state is TicketState.WITHDRAWN

    play(story)


@pytest.mark.parametrize(
    "name",
    ["nothing", "workflows", "workflows/", "comfy/x", "", "fal-ai/../else/app", "fal-ai/%2e%2e/else/app", "fal-ai/x?y"],
)
def test_an_endpoint_that_is_no_address_fails_its_call_and_is_never_sent(play: Player, name: str) -> None:
    async def story(scene: Scene) -> None:
        call = Call(provider="fal", endpoint=name, arguments={})
        with pytest.raises(CallFailed, match="endpoint_unnamed"):
            await Submitter(scene.session).submit(call, {}, scene.context(call))
        assert (scene.odd.asked, scene.store.tickets.opened("fal")) == ([], [])

    play(story)


@pytest.mark.parametrize(("keep", "want"), [(None, None), (60, 86_400), (604_800, 604_800)])
def test_results_live_a_day_at_the_least(
    tls: ssl.SSLContext, store: Store, clock: QuickClock, keep: int | None, want: int | None
) -> None:
    async def story() -> str:
        async with Odd(tls) as odd:
            odd.routes[SUBMIT] = [odd.takes()]
            session = FalSession(FalConfig(key=lambda: KEY, base=odd.url, uploads_expire_after=keep), clock)
            await Submitter(session).submit(call_for(), {}, BookDesk(store, call_for().key))
            await session.close()
            return odd.asked[0].headers["x-fal-object-lifecycle-preference"]

    assert json.loads(asyncio.run(story())) == {"expiration_duration_seconds": want}
