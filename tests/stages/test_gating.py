"""The gate's flow: judged, tried again, mended, and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pytest
from msgspec.structs import replace

from nano_banana.model.call import Call, Reply, blob_of
from nano_banana.model.flow import Ask, ExitedEarly, Flow, FlowEvent, Judged, Made, Ruling, Verdict, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, problem
from nano_banana.stages.gate_stage import GateCheck, SecondChance, run_gate, skip_gate
from nano_banana.stages.stage_calls import StageOutput
from nano_banana.stages.verdicts import AcceptanceCriteria
from tests.stages.test_judging import face

GOOD: JSONObject = {"faces": [face(0.8)], "people": [{}]}
POOR: JSONObject = {"faces": [face(0.2)], "people": [{}]}
BETTER: JSONObject = {"faces": [face(0.3)], "people": [{}]}
UNSURE: JSONObject = {"faces": [face(0.4)], "people": [{}]}
ALONE: JSONObject = {"faces": [face(0.8, 0.1)], "people": [{}, {}]}
TOGETHER: JSONObject = {"faces": [face(0.8, 0.1), face(0.1, 0.8, exited=500)], "people": [{}, {}]}
NOBODY: JSONObject = {"faces": [], "people": [{}]}
ONWARD = frozenset({Ruling.ACCEPTED, Ruling.UNSURE, Ruling.NOT_JUDGED})
ANA = blob_of(b"ana", media="application/json")


def standing(name: str) -> StageOutput:
    return StageOutput(
        picture=blob_of(name.encode(), media="image/png"), call=Call(provider="p", endpoint=name, arguments={})
    )


FIRST = standing("first")


class Told:
    """A gate driven to its end: pictures have the measures of their names."""

    def __init__(
        self,
        measures: Mapping[str, JSONObject],
        chances: Sequence[SecondChance] = (),
        *,
        onward: frozenset[Ruling] = ONWARD,
        names: Sequence[str] = ("ana",),
        lost: Mapping[str, str] | None = None,
    ) -> None:
        self.events: list[FlowEvent] = []
        self.asked: list[str] = []
        pictures = {standing(name).picture: name for name in ("first", *(chance.label for chance in chances))}
        people = [(name, ANA) for name in names]
        judging = GateCheck(people=people, criteria=AcceptanceCriteria(quantile=None), onward=onward)
        flow = run_gate("judged", judging, FIRST, chances)
        looked = ""
        go_on: Callable[[], FlowEvent] = partial(next, flow)
        try:
            while True:
                event = go_on()
                self.events.append(event)
                go_on = partial(flow.send, ())
                if not isinstance(event, Ask):
                    continue
                (call,) = event.calls
                self.asked.append(f"{call.endpoint}{event.attempt.number}")
                if call.endpoint == "look":
                    looked = pictures[call.inputs["image"]]
                    reply = Reply(data={}, files={"faces": blob_of(looked.encode(), media="application/json")})
                elif call.endpoint == "likeness":
                    assert call.inputs["people/0"] == ANA
                    reply = Reply(data=measures[looked])
                else:
                    reply = Reply(data={})
                go_on = partial(flow.send, (reply,))
                if call.endpoint == "draw" and lost and event.attempt.label in lost:
                    go_on = partial(flow.throw, CallFailed([problem(lost[event.attempt.label])]))
        except StopIteration as end:
            self.end: StageOutput = end.value

    @property
    def verdicts(self) -> list[tuple[str, Ruling]]:
        return [(event.attempt.label, event.verdict.ruling) for event in self.events if isinstance(event, Judged)]


def chance(label: str, seen: list[str] | None = None, *, repairs_faces: bool = False) -> SecondChance:
    """A try that draws a picture of that name, and notes what it was given as the best so far."""

    def flow(best: StageOutput, _verdict: Verdict) -> Flow[StageOutput]:
        if seen is not None:
            seen.append(best.call.endpoint)
        yield from ask("takes", Call(provider="p", endpoint="draw", arguments={}))
        return standing(label)

    return SecondChance(label=label, detail={"of": label}, flow=flow, repairs_faces=repairs_faces)


def test_a_good_picture_goes_on_and_is_tried_no_more() -> None:
    told = Told({"first": GOOD}, [chance("retry1")])
    assert told.asked == ["look0", "likeness0"]
    assert told.end.picture == FIRST.picture
    assert told.events[-1] == Made(stage="judged", blob=FIRST.picture, call=FIRST.call)


def test_a_refused_one_is_drawn_again_until_one_is_accepted() -> None:
    told = Told({"first": POOR, "retry1": NOBODY, "retry2": GOOD}, [chance(f"retry{at}") for at in (1, 2, 3)])
    assert told.verdicts == [("", Ruling.REJECTED), ("retry1", Ruling.REJECTED), ("retry2", Ruling.ACCEPTED)]
    assert told.asked[2:5] == ["draw1", "look1", "likeness1"]
    assert told.end.picture == standing("retry2").picture
    asked = [event for event in told.events if isinstance(event, Ask) and event.attempt.number == 2]
    assert {(event.attempt.label, str(event.attempt.detail)) for event in asked} == {("retry2", "{'of': 'retry2'}")}


def test_an_unsure_one_is_never_tried_again() -> None:
    told = Told({"first": POOR, "retry1": UNSURE}, [chance("retry1"), chance("retry2")])
    assert told.verdicts[-1] == ("retry1", Ruling.UNSURE)
    assert told.end.picture == standing("retry1").picture


def test_the_best_so_far_is_what_is_mended() -> None:
    seen: list[str] = []
    chances = [
        chance("retry1"),
        chance("retry2"),
        chance("repair1", seen, repairs_faces=True),
        chance("repair2", seen, repairs_faces=True),
    ]
    told = Told({"first": POOR, "retry1": BETTER, "retry2": POOR, "repair1": POOR, "repair2": GOOD}, chances)
    assert seen == ["retry1", "retry1"]
    assert told.end.picture == standing("repair2").picture


def test_no_face_can_be_drawn_again_but_not_mended() -> None:
    told = Told({"first": NOBODY, "retry1": NOBODY}, [chance("retry1"), chance("repair1", repairs_faces=True)])
    assert told.verdicts == [("", Ruling.REJECTED), ("retry1", Ruling.REJECTED)]


def test_a_face_that_is_not_there_is_not_painted_over() -> None:
    chances = [chance("repair1", repairs_faces=True), chance("retry1")]
    told = Told({"first": ALONE, "retry1": TOGETHER}, chances, names=("ana", "ben"))
    assert told.verdicts == [("", Ruling.REJECTED), ("retry1", Ruling.ACCEPTED)]


def test_a_try_whose_faces_can_t_be_counted_right_is_lost_and_no_more() -> None:
    def failing(kind: str) -> SecondChance:
        def flow(_best: StageOutput, _verdict: Verdict) -> Flow[StageOutput]:
            yield from ask("takes", Call(provider="p", endpoint="draw", arguments={}))
            raise CallFailed([problem(kind, wanted=2, found=1, tries=3)])

        return SecondChance(label=kind, detail={}, flow=flow)

    told = Told({"first": POOR, "retry2": GOOD}, [failing("faces_miscounted"), chance("retry2")])
    assert told.verdicts == [("", Ruling.REJECTED), ("retry2", Ruling.ACCEPTED)]
    with pytest.raises(CallFailed):
        Told({"first": POOR}, [failing("no_result"), chance("retry2")])


def test_when_all_chances_are_used_up_the_way_ends_with_the_best() -> None:
    told = Told({"first": POOR, "retry1": BETTER, "retry2": POOR}, [chance("retry1"), chance("retry2")])
    assert told.end.exited == ExitedEarly(stage="judged", why="rejected")
    assert told.end.picture == standing("retry1").picture
    assert not any(isinstance(event, Made) for event in told.events)


def test_who_goes_on_is_said_by_what_comes_next() -> None:
    unsure = Told({"first": UNSURE}, onward=frozenset({Ruling.ACCEPTED}))
    assert unsure.end.exited == ExitedEarly(stage="judged", why="unsure")
    # A person is to look at it: it is a picture of the gate's, although no stage takes it up.
    assert unsure.events[-1] == Made(stage="judged", blob=FIRST.picture, call=FIRST.call)
    refused = Told({"first": POOR}, onward=frozenset({Ruling.REJECTED}))
    assert refused.events[-1] == Made(stage="judged", blob=FIRST.picture, call=FIRST.call)


def test_a_forecast_goes_through_every_chance_and_then_on() -> None:
    told = Told({"first": {}, "retry1": {}, "repair1": {}}, [chance("retry1"), chance("repair1", repairs_faces=True)])
    assert [ruling for _, ruling in told.verdicts] == [Ruling.IMAGINED] * 3
    assert isinstance(told.events[-1], Made)
    assert not told.end.exited


def test_a_try_that_another_gate_refused_is_passed_over() -> None:
    def refused(_best: StageOutput, _verdict: Verdict) -> Flow[StageOutput]:
        yield from ()
        return StageOutput(picture=FIRST.picture, call=FIRST.call, exited=ExitedEarly(stage="before", why="rejected"))

    lost = SecondChance(label="retry1", detail={}, flow=refused)
    told = Told({"first": POOR, "retry2": GOOD}, [lost, chance("retry2")])
    assert told.verdicts == [("", Ruling.REJECTED), ("retry2", Ruling.ACCEPTED)]


def test_what_is_not_to_be_judged_goes_through() -> None:
    judging = GateCheck(people=[], criteria=AcceptanceCriteria(), onward=ONWARD)
    events = list(skip_gate("judged", judging, FIRST))
    assert isinstance(events[0], Judged)
    assert events[0].verdict.ruling is Ruling.NOT_JUDGED
    assert isinstance(events[1], Made)


def test_the_gate_s_word_is_the_one_on_the_picture_that_stands() -> None:
    told = Told({"first": BETTER, "retry1": POOR, "retry2": NOBODY}, [chance("retry1"), chance("retry2")])
    (word,) = told.end.judged
    assert (word.attempt.label, word.verdict.score, word.blob) == ("", 0.3, FIRST.picture)
    told = Told({"first": POOR, "retry1": GOOD}, [chance("retry1")])
    assert [(word.attempt.label, word.verdict.ruling) for word in told.end.judged] == [("retry1", Ruling.ACCEPTED)]


def test_what_an_earlier_gate_said_of_a_try_is_said_within_it_and_what_is_mended_has_been_through_it() -> None:
    before = Judged(stage="before", blob=FIRST.picture, verdict=Verdict(ruling=Ruling.ACCEPTED))

    def tried(label: str) -> Callable[[StageOutput, Verdict], Flow[StageOutput]]:
        def flow(_best: StageOutput, _verdict: Verdict) -> Flow[StageOutput]:
            yield from ()
            return replace(standing(label), judged=(before,))

        return flow

    for label, repairs, inside in (("retry1", False, "retry1"), ("repair1", True, "")):
        told = Told(
            {"first": POOR, label: GOOD},
            [SecondChance(label=label, detail={}, flow=tried(label), repairs_faces=repairs)],
        )
        assert [(word.stage, word.attempt.label) for word in told.end.judged] == [("before", inside), ("judged", label)]


def test_a_stranger_in_the_picture_is_not_mended_by_painting_the_person() -> None:
    crowd: JSONObject = {"faces": [face(0.8), face(0.1, exited=500)], "people": [{}]}
    told = Told({"first": crowd}, [chance("repair1", repairs_faces=True)])
    assert told.verdicts == [("", Ruling.REJECTED)]


@pytest.mark.parametrize("kind", ["faces_miscounted", "content_refused", "unsafe_picture"])
def test_a_try_that_would_come_to_nothing_again_is_one_try_lost(kind: str) -> None:
    told = Told({"first": POOR, "retry2": GOOD}, [chance("retry1"), chance("retry2")], lost={"retry1": kind})
    assert told.verdicts == [("", Ruling.REJECTED), ("retry2", Ruling.ACCEPTED)]


def test_a_service_that_is_down_fails_the_take() -> None:
    with pytest.raises(CallFailed, match="fal_busy"):
        Told({"first": POOR}, [chance("retry1")], lost={"retry1": "fal_busy"})
