"""A call is taken from wherever its ticket stands to its end, and paid once."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from msgspec.structs import replace

from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, NanoBananaError, Refused, Stopped
from nano_banana.model.provider_protocol import Answer, ShutdownSignal
from nano_banana.model.ticket import ResendPolicy, TicketState, UnknownRequestPolicy
from nano_banana.providers.fal.fal_provider import CHEAP_USD, KEPT_RESULT_NOTE, MAX_REQUESTS, _shielded
from nano_banana.providers.fal.fal_results import RESULT_RECHECKS, result_mismatches
from nano_banana.providers.fal.lost_requests import FRESH_SECONDS
from nano_banana.store.local_store import Store
from tests.providers.fal.context import BookDesk
from tests.providers.fal.odd import APP, CUT, DOT, SUBMIT, Act, Asked, Play, events, said, status
from tests.providers.fal.scene import CATALOG, Player, Scene, call_for, kinds
from tests.providers.fal.test_finding import HISTORY, listing, row

S = TicketState
FINAL_AGE = FRESH_SECONDS + 1
SENT, UNKNOWN, FAILED = S.SENT, S.UNKNOWN, S.FAILED
HERE = f"{APP}/requests"
BROKEN = said({"detail": "x", "error_type": "runner_disconnected"}, 503, x_fal_request_id="r")
FRESH: dict[str, tuple[S, ...]] = {
    "none": (),
    "failed": (SENT, FAILED),
    "cancelled": (SENT, S.CANCELLED),
    "withdrawn": (S.WITHDRAWN,),
    "abandoned": (UNKNOWN, S.ABANDONED),
}


def stage(scene: Scene, name: str = "new") -> None:
    """Play a service that takes requests as `name`, and has done everything."""
    scene.odd.routes |= {SUBMIT: [scene.odd.takes(name)], HISTORY: [listing()]}
    scene.odd.request("r1")
    scene.odd.request(name)


@pytest.mark.parametrize("lost", UnknownRequestPolicy)
@pytest.mark.parametrize("ways", FRESH.values(), ids=FRESH)
def test_what_is_closed_or_never_was_is_sent_anew(
    play: Player, ways: tuple[S, ...], lost: UnknownRequestPolicy
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        if ways:
            scene.ticket(*ways)
        answer = await scene.answer(scene.context(lost=lost))
        assert isinstance(answer, Answer)
        assert answer.ticket is not None
        assert (answer.ticket.request_id, scene.posts) == ("new", 1)

    play(story)


@pytest.mark.parametrize("lost", UnknownRequestPolicy)
def test_what_was_sent_is_collected_whatever_was_wished(play: Player, lost: UnknownRequestPolicy) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.ticket(SENT)
        answer = await scene.answer(scene.context(lost=lost))
        assert isinstance(answer, Answer)
        assert answer.ticket is not None
        assert (answer.ticket.request_id, scene.posts) == ("r1", 0)

    play(story)


@pytest.mark.parametrize("lost", UnknownRequestPolicy)
@pytest.mark.parametrize("ways", [(), (UNKNOWN,)], ids=["sending", "unknown"])
def test_what_was_lost_is_found_and_collected_whatever_was_wished(
    play: Player, ways: tuple[S, ...], lost: UnknownRequestPolicy
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes[HISTORY] = [listing(row("r1"))]
        scene.ticket(*ways)
        answer = await scene.answer(scene.context(lost=lost))
        assert isinstance(answer, Answer)
        assert answer.ticket is not None
        assert (answer.ticket.request_id, answer.ticket.number, scene.posts) == ("r1", 1, 0)

    play(story)


@pytest.mark.parametrize(
    ("ways", "kind", "looks"),
    [((), "request_unknown", True), ((UNKNOWN,), "request_unknown", True), ((SENT, UNKNOWN), "result_gone", False)],
    ids=["sending", "unknown", "gone"],
)
@pytest.mark.parametrize("lost", UnknownRequestPolicy)
def test_what_is_lost_is_for_a_person_to_decide(
    play: Player, ways: tuple[S, ...], kind: str, lost: UnknownRequestPolicy, *, looks: bool
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", statuses=[said({}, 404)])
        scene.ticket(*ways)
        answer = await scene.answer(scene.context(lost=lost))
        assert (scene.odd.count(HISTORY) > 0) is looks
        states = [ticket.state for ticket in scene.store.tickets.opened("fal")]
        if lost is UnknownRequestPolicy.ASK:
            assert isinstance(answer, CallFailed)
            assert (kinds(answer), answer.cost_usd, states, scene.posts) == ([kind], None, [UNKNOWN], 0)
        elif lost is UnknownRequestPolicy.ABANDON:
            assert isinstance(answer, CallFailed)
            assert (kinds(answer), answer.cost_usd, states, scene.posts) == (["request_abandoned"], 0.0, [], 0)
            assert scene.last().state is S.ABANDONED
        else:
            assert isinstance(answer, Answer)
            assert (scene.posts, states, scene.last().number) == (1, [SENT], 2)

    play(story)


RESENT = [
    (ResendPolicy.NEVER, 0.02, listing(), ""),
    (ResendPolicy.CHEAP, 0.02, listing(), "withdrawn"),
    (ResendPolicy.CHEAP, CHEAP_USD, listing(), "withdrawn"),
    (ResendPolicy.CHEAP, CHEAP_USD + 0.01, listing(), ""),
    (ResendPolicy.CHEAP, None, listing(), ""),
    (ResendPolicy.CHEAP, 0.02, said({}, 403), ""),
    (ResendPolicy.CHEAP, 0.02, said({}, 404), ""),
    (ResendPolicy.CHEAP, 0.02, said({}, 500), ""),
    (ResendPolicy.ALWAYS, 9.0, listing(), "withdrawn"),
    (ResendPolicy.ALWAYS, None, listing(), "withdrawn"),
    (ResendPolicy.ALWAYS, 0.02, said({}, 403), "abandoned"),
    (ResendPolicy.ALWAYS, 0.02, said({}, 500), ""),
]


@pytest.mark.parametrize(("resend", "price", "history", "state"), RESENT)
def test_what_never_arrived_is_sent_again_as_the_recipe_allows(
    play: Player, resend: ResendPolicy, price: float | None, history: Act, state: str
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes[HISTORY] = [history]
        scene.ticket(UNKNOWN)
        scene.clock.at += FINAL_AGE
        context = BookDesk(scene.store, call_for().key, resend=resend, estimate_usd=price)
        answer = await scene.answer(context)
        if state:
            assert isinstance(answer, Answer)
            assert (scene.posts, scene.last().number) == (1, 2)
            assert context.slots == [False, True]
        else:
            assert isinstance(answer, CallFailed)
            assert (kinds(answer), scene.posts, scene.last().state) == (["request_unknown"], 0, UNKNOWN)

    play(story)


@pytest.mark.parametrize(("resend", "posts"), [(ResendPolicy.CHEAP, 0), (ResendPolicy.ALWAYS, 1)])
def test_a_training_is_only_sent_again_if_the_recipe_says_so(play: Player, resend: ResendPolicy, posts: int) -> None:
    async def story(scene: Scene) -> None:
        call = Call(provider="fal", endpoint="fal-ai/flux-lora-fast-training", arguments={})
        scene.odd.routes |= {f"POST /{call.endpoint}": [scene.odd.takes("new")], HISTORY: [listing()]}
        scene.ticket(UNKNOWN, call=call)
        scene.clock.at += 7 * 3600
        context = BookDesk(scene.store, call.key, resend=resend, estimate_usd=0.1)
        await scene.answer(context, call)
        assert scene.odd.count(f"POST /{call.endpoint}") == posts

    play(story)


def test_what_never_arrived_is_not_sent_again_beyond_the_budget(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.ticket(UNKNOWN)
        scene.clock.at += FINAL_AGE
        answer = await scene.answer(BookDesk(scene.store, call_for().key, may_submit=False))
        assert isinstance(answer, CallFailed)
        assert (scene.posts, scene.last().state) == (0, UNKNOWN)

    play(story)


def test_what_fal_denied_once_is_collected_where_it_has_it_after_all(play: Player) -> None:
    """Another key was asked with, or a bad day."""

    async def story(scene: Scene) -> None:
        stage(scene)
        scene.ticket(SENT, UNKNOWN, reason="result_gone")
        answer = await scene.answer()
        assert isinstance(answer, Answer)
        assert answer.ticket is not None
        assert (answer.ticket.request_id, answer.ticket.number, scene.posts) == ("r1", 1, 0)

    play(story)


def test_what_is_known_without_its_result_may_be_bought_again_all_the_same(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", result=[said({}, 404)])
        scene.ticket(SENT, UNKNOWN, reason="result_gone")
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), scene.last().state, scene.posts) == (["result_gone"], UNKNOWN, 0)
        assert isinstance(await scene.answer(scene.context(lost=UnknownRequestPolicy.REPLACE)), Answer)
        assert scene.posts == 1

    play(story)


@pytest.mark.parametrize("lost", UnknownRequestPolicy)
def test_a_picture_that_was_unsafe_is_only_bought_again_on_demand(play: Player, lost: UnknownRequestPolicy) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.ticket(SENT, FAILED, reason="unsafe_picture")
        answer = await scene.answer(scene.context(lost=lost))
        if lost is UnknownRequestPolicy.RESUBMIT:
            assert isinstance(answer, Answer)
        else:
            assert isinstance(answer, CallFailed)
            assert kinds(answer) == ["unsafe_picture_before"]
        assert scene.posts == (lost is UnknownRequestPolicy.RESUBMIT)

    play(story)


@pytest.mark.parametrize("lost", UnknownRequestPolicy)
def test_what_was_billed_and_failed_is_only_bought_again_on_demand(play: Player, lost: UnknownRequestPolicy) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        failed = replace(scene.ticket(SENT, FAILED, reason="content_refused"), units=1.0)
        scene.store.tickets.keep([failed])
        answer = await scene.answer(scene.context(lost=lost))
        if lost is UnknownRequestPolicy.RESUBMIT:
            assert isinstance(answer, Answer)
        else:
            assert isinstance(answer, CallFailed)
            assert (kinds(answer), answer.problems[0].data["reason"]) == (["billed_before"], "content_refused")
        assert scene.posts == (lost is UnknownRequestPolicy.RESUBMIT)

    play(story)


def test_an_answer_that_was_kept_is_read_again_by_a_version_that_can(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("new", result=[said({"pictures": [DOT]}, x_fal_billable_units="1")])
        for kind in ("result_unusable", "billed_before"):
            error = await scene.answer()
            assert isinstance(error, CallFailed)
            assert kinds(error) == [kind]
        # (As if this version knew that shape.)
        note = f"{KEPT_RESULT_NOTE}/{scene.last().key}"
        scene.store.notes.write(note, (scene.store.notes.read(note) or "").replace('"pictures":', '"images":'))
        asked = len(scene.odd.asked)
        answer = await scene.answer()
        assert isinstance(answer, Answer)
        assert (list(answer.files), answer.newly_billed, answer.cost_usd) == (["images/0"], False, 0.025)
        assert (answer.ticket, scene.last().state, scene.last().cost_usd) == (None, FAILED, 0.025)
        assert len(scene.odd.asked) == asked

    play(story)


def test_a_result_that_never_comes_may_be_given_up_once_it_is_old(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", result=[Act(status=421)])
        scene.ticket(SENT)
        for age, state in ((0.0, SENT), (3600.0, UNKNOWN)):
            scene.clock.at += age
            error = await scene.answer()
            assert isinstance(error, CallFailed)
            assert (kinds(error), scene.last().state, scene.posts) == (["result_withheld"], state, 0)
        scene.odd.request("r1", result=[said({"images": [DOT]})])
        assert isinstance(await scene.answer(), Answer)
        assert scene.posts == 0

    play(story)


@pytest.mark.parametrize("ways", [(), (SENT,), (UNKNOWN,), (SENT, UNKNOWN)], ids=repr)
def test_a_stand_in_is_not_asked_about_what_fal_has(play: Player, ways: tuple[S, ...]) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        before = scene.ticket(*ways, service="https://queue.fal.run")
        error = await scene.answer(scene.context(lost=UnknownRequestPolicy.RESUBMIT))
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["request_elsewhere"]
        assert (scene.last(), scene.odd.asked) == (before, [])

    play(story)


def test_a_stand_in_that_was_begun_again_has_forgotten_everything(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.ticket(SENT, service="https://127.0.0.1:1")
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["result_gone"]
        assert scene.last().state is UNKNOWN

    play(story)


def test_it_is_written_down_as_sent_before_anything_is_asked_about_it(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        seen: list[tuple[S, str]] = []

        async def look(_asked: Asked) -> Act:
            with Store.open(scene.store.folder) as another:
                seen.extend((ticket.state, ticket.request_id) for ticket in another.tickets.opened("fal"))
            return events(status("COMPLETED"))

        scene.odd.routes[f"GET {HERE}/new/status/stream"] = [look]
        assert isinstance(await scene.answer(), Answer)
        assert seen == [(SENT, "new")]

    play(story)


def test_an_answer_that_was_lost_is_found_at_once(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes |= {SUBMIT: [CUT], HISTORY: [listing(), listing(row("r1"))]}
        answer = await scene.answer()
        assert isinstance(answer, Answer)
        assert (answer.ticket is not None and answer.ticket.request_id, scene.posts) == ("r1", 1)

    play(story)


def test_what_fal_failed_at_is_tried_again_under_new_tickets_a_few_times(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("new", result=[*[BROKEN] * (2 * (1 + RESULT_RECHECKS)), said({"images": [DOT]})])
        assert isinstance(await scene.answer(), Answer)
        assert (scene.posts, scene.last().number) == (3, 3)
        scene.store.tickets.keep([replace(scene.last(), state=FAILED)])
        scene.odd.request("new", result=[BROKEN])
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["fal_failed"], 0.0)
        assert scene.posts == 3 + MAX_REQUESTS
        assert (scene.last().state, scene.last().reason) == (FAILED, "fal_failed")

    play(story)


@pytest.mark.parametrize(("units", "cost"), [("1", 0.025), ("0", 0.0)])
def test_what_was_billed_and_failed_is_not_bought_again_in_the_same_breath(
    play: Player, units: str, cost: float
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        lost = said({"detail": [{"type": "image_load_error"}]}, 422, x_fal_billable_units=units)
        scene.odd.request("new", result=[lost])
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["file_not_loaded"], cost)
        assert scene.posts == (1 if cost else MAX_REQUESTS)

    play(story)


def test_a_refusal_is_final_and_closes_its_ticket(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        refused = said({"detail": [{"type": "content_policy_violation"}]}, 422, x_fal_billable_units="1")
        scene.odd.request("new", result=[refused])
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd, scene.posts) == (["content_refused"], 0.025, 1)
        last = scene.last()
        assert (last.state, last.reason, last.units, last.cost_usd) == (FAILED, "content_refused", 1.0, 0.025)

    play(story)


@pytest.mark.parametrize("where", ["status", "result"])
def test_what_is_gone_is_unknown_and_said_plainly(play: Player, where: str) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        gone = said({"status": "NOT_FOUND"}, 404)
        looks: list[Play] = [gone] if where == "status" else []
        scene.odd.request("r1", statuses=looks, result=[gone])
        scene.ticket(SENT)
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["result_gone"], None)
        assert (scene.last().state, scene.last().request_id, scene.last().reason) == (UNKNOWN, "r1", "result_gone")

    play(story)


def test_nothing_is_sent_once_the_run_is_to_end(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        shutdown = ShutdownSignal()
        shutdown.requested.set()
        assert isinstance(await scene.answer(scene.context(shutdown=shutdown)), Stopped)
        assert (scene.posts, scene.store.tickets.opened("fal")) == (0, [])

    play(story)


def test_no_second_try_is_made_once_the_run_is_to_end(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        shutdown = ShutdownSignal()

        async def broken(_asked: Asked) -> Act:
            shutdown.requested.set()
            return BROKEN

        scene.odd.request("new", result=[broken])
        assert isinstance(await scene.answer(scene.context(shutdown=shutdown)), Stopped)
        assert (scene.posts, scene.last().state) == (1, FAILED)

    play(story)


def leaving(*, forced: bool) -> ShutdownSignal:
    """A leave that is asked for soon."""
    shutdown = ShutdownSignal()

    def ask() -> None:
        shutdown.requested.set()
        if forced:
            shutdown.forced.set()

    asyncio.get_running_loop().call_later(0.05, ask)
    return shutdown


def test_asked_once_what_runs_is_left_with_its_ticket_open(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes[f"GET {HERE}/new/status/stream"] = [events(status("IN_PROGRESS"), still=60)]
        assert isinstance(await scene.answer(scene.context(shutdown=leaving(forced=False))), Stopped)
        assert (scene.last().state, scene.last().request_id) == (SENT, "new")

    play(story)


@pytest.mark.parametrize(
    ("look", "result", "want"),
    [
        (said({}, 404), BROKEN, S.CANCELLED),
        (said(status("COMPLETED")), said({"error_type": "client_cancelled"}, 499), S.CANCELLED),
        (said(status("IN_PROGRESS")), BROKEN, SENT),
        (said(status("COMPLETED")), said({"detail": "x", "error_type": "bad_request"}, 400), FAILED),
    ],
    ids=repr,
)
def test_insisted_on_what_waits_is_taken_back_and_costs_nothing(play: Player, look: Act, result: Act, want: S) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("new", statuses=[look], result=[result])
        scene.odd.routes |= {
            f"GET {HERE}/new/status/stream": [events(status("IN_QUEUE"), still=60)],
            f"PUT {HERE}/new/cancel": [said({"status": "CANCELLATION_REQUESTED"}, 202)],
        }
        error = await scene.answer(scene.context(shutdown=leaving(forced=True)))
        assert isinstance(error, NanoBananaError)
        assert isinstance(error, Stopped) is (want is not FAILED)
        last = scene.last()
        assert last.state is want
        assert want is not S.CANCELLED or (last.units, last.cost_usd) == (0.0, 0.0)

    play(story)


def test_what_was_done_before_it_could_be_taken_back_is_collected(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes |= {
            f"GET {HERE}/new/status/stream": [events(status("IN_QUEUE"), still=60)],
            f"PUT {HERE}/new/cancel": [said({"status": "CANCELLATION_REQUESTED"}, 202)],
        }
        answer = await scene.answer(scene.context(shutdown=leaving(forced=True)))
        assert isinstance(answer, Answer)
        assert answer.ticket is not None
        assert answer.ticket.state is S.COLLECTED

    play(story)


def test_a_request_on_its_way_is_held_on_to_where_the_run_is_given_up(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        shutdown = ShutdownSignal()
        scene.odd.request("new", statuses=[said({}, 404)])
        scene.odd.routes[f"PUT {HERE}/new/cancel"] = [said({"status": "CANCELLATION_REQUESTED"}, 202)]
        begun = asyncio.Event()

        async def take(_asked: Asked) -> Act:
            begun.set()
            return dataclasses.replace(scene.odd.takes("new"), hang=0.1)

        scene.odd.routes[SUBMIT] = [take]
        task = asyncio.create_task(scene.answer(scene.context(shutdown=shutdown)))
        await begun.wait()
        shutdown.requested.set()
        shutdown.forced.set()
        task.cancel()
        assert isinstance(await task, Stopped)
        assert scene.last().request_id == "new"
        assert scene.last().state in {S.CANCELLED, SENT}

    play(story)


@pytest.mark.parametrize("forced", [False, True])
def test_one_that_hangs_is_given_up_and_does_not_go_on_unheard(play: Player, *, forced: bool) -> None:
    async def story(scene: Scene) -> None:
        context, ended = scene.context(), asyncio.Event()

        async def hang() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        task = asyncio.create_task(_shielded(hang(), context, hold=0.01))
        await asyncio.sleep(0.01)
        if forced:
            context.shutdown.forced.set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    play(story)


def test_one_call_s_requests_of_two_kinds_do_not_meet(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.routes[SUBMIT] = [scene.odd.takes("r1"), scene.odd.takes("new")]
        other = call_for("a dog")
        answers = await asyncio.gather(scene.answer(), scene.answer(scene.context(other), other))
        assert [isinstance(answer, Answer) for answer in answers] == [True, True]
        assert scene.posts == 2

    play(story)


@pytest.mark.parametrize(
    ("result", "notes"),
    [
        ({"seed": 1}, []),
        ({}, []),
        ({"seed": 2}, ["seed_unlike"]),
        ({"seed": True}, []),
        ({"seed": "2"}, []),
    ],
)
def test_another_seed_than_asked_is_said(play: Player, result: JSONObject, notes: list[str]) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("new", result=[said({"images": [DOT], **result})])
        answer = await scene.answer()
        assert isinstance(answer, Answer)
        assert [note.kind for note in answer.notes] == notes

    play(story)


@pytest.mark.parametrize(
    ("size", "is_said"),
    [((512, 640), False), ((512, 600), True), ((448, 640), True), ((1024, 1280), False), ((640, 512), True)],
)
def test_a_smaller_picture_than_asked_is_said(size: tuple[int, int], *, is_said: bool) -> None:
    endpoint = CATALOG.get("fal-ai/flux/dev")
    assert endpoint is not None
    asked: JSONObject = {"image_size": {"width": 520, "height": 650}}
    notes = [note.data["used"] for note in result_mismatches(endpoint, asked, {}, [(1024, 1024), size])]
    assert notes == ([f"{size[0]}x{size[1]}"] if is_said else [])


@pytest.mark.parametrize("again", [False, True], ids=["at once", "in another run"])
def test_two_calls_never_share_a_request(play: Player, *, again: bool) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        other = call_for("a dog")
        if again:
            scene.ticket(SENT, name="new")
            answers = [await scene.answer(scene.context(other), other)]
        else:
            answers = [*await asyncio.gather(scene.answer(), scene.answer(scene.context(other), other))]
        (refused,) = [answer for answer in answers if isinstance(answer, CallFailed)]
        assert (kinds(refused), refused.cost_usd) == (["request_id_shared"], None)
        assert scene.last(other).state is UNKNOWN or scene.last().state is UNKNOWN

    play(story)


@pytest.mark.parametrize(("result", "kind"), [(CUT, "fal_unreachable"), (BROKEN, "fal_failed")], ids=repr)
@pytest.mark.parametrize("lost", UnknownRequestPolicy)
def test_what_was_collected_before_and_can_not_be_had_now_is_not_bought_again_unasked(
    play: Player, lost: UnknownRequestPolicy, result: Act, kind: str
) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", result=[result])
        scene.ticket(SENT, S.COLLECTED)
        answer = await scene.answer(scene.context(lost=lost))
        if lost is UnknownRequestPolicy.RESUBMIT:
            assert isinstance(answer, Answer)
        else:
            assert isinstance(answer, CallFailed)
            assert (kinds(answer), answer.cost_usd) == ([kind], 0.0)
        assert scene.posts == (lost is UnknownRequestPolicy.RESUBMIT)

    play(story)


@pytest.mark.parametrize("result", [said({}, 404), said({}, 410)], ids=repr)
def test_what_was_collected_before_and_is_gone_for_good_is_sent_anew(play: Player, result: Act) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", result=[result])
        scene.ticket(SENT, S.COLLECTED)
        answer = await scene.answer()
        assert isinstance(answer, Answer)
        assert (answer.ticket is not None and answer.ticket.request_id, scene.posts) == ("new", 1)

    play(story)


def test_nothing_is_bought_for_nobody_in_particular(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        context = scene.context()
        context.may_submit = False
        error = await scene.answer(context)
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["request_ended"]
        scene.ticket(SENT)
        scene.odd.request("r1", result=[BROKEN])
        error = await scene.answer(context)
        assert isinstance(error, CallFailed)
        assert kinds(error) == ["fal_failed"]
        assert scene.posts == 0

    play(story)


@pytest.mark.parametrize(("age", "state"), [(10.0, SENT), (5000.0, UNKNOWN)])
def test_what_a_key_may_not_see_can_be_given_up_after_a_while(play: Player, age: float, state: S) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("r1", statuses=[said({"detail": "no"}, 403)])
        scene.ticket(SENT)
        scene.clock.at += age
        error = await scene.answer()
        assert isinstance(error, Refused)
        assert (scene.last().state, scene.posts) == (state, 0)
        if state is UNKNOWN:
            assert isinstance(await scene.answer(scene.context(lost=UnknownRequestPolicy.ABANDON)), CallFailed)
            assert scene.last().state is S.ABANDONED

    play(story)


def test_a_result_without_a_file_is_none(play: Player) -> None:
    async def story(scene: Scene) -> None:
        stage(scene)
        scene.odd.request("new", result=[said({"images": []}, x_fal_billable_units="1")])
        error = await scene.answer()
        assert isinstance(error, CallFailed)
        assert (kinds(error), scene.last().state, error.cost_usd) == (["nothing_generated"], FAILED, 0.025)

    play(story)
