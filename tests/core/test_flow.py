"""Attempts within attempts, and what a driver keeps of a flow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.model.call import Blob, Call, Reply, blob_of
from nano_banana.model.flow import (
    FIRST_ATTEMPT,
    Ask,
    Attempt,
    Ended,
    ExitedEarly,
    Flow,
    FlowEvent,
    Judged,
    Made,
    Ruling,
    Verdict,
    ask,
    with_attempt,
)
from nano_banana.model.nodes import FlowTrace, Node, NodeInfo, NodeStatus

CALL = Call(provider="p", endpoint="draw", arguments={})
PICTURE = blob_of(b"picture", media="image/png")
LEFT = ExitedEarly(stage="judged", why="rejected")
ENDED = Ended(exited_early=LEFT)
NO = Verdict(ruling=Ruling.REJECTED, score=0.1)
YES = Verdict(ruling=Ruling.ACCEPTED, score=0.7)
RETRY = Attempt(number=2, label="retry2", detail={"seed": 7, "strength": 0.1})
REPAIR = Attempt(number=1, label="repair1", detail={"strength": 0.4})


def story() -> Flow[str]:
    """One of each event; returns what came back of the question."""
    reply = yield from ask("takes", CALL)
    yield Made(stage="takes", blob=PICTURE, call=CALL)
    yield Judged(stage="judged", blob=PICTURE, verdict=NO)
    yield ENDED
    return str(reply.data["word"])


def played(flow: Flow[str]) -> tuple[list[FlowEvent], str]:
    """What a flow says, and its result."""
    told = [next(flow)]
    try:
        while True:
            told.append(flow.send((Reply(data={"word": "hello"}),) if isinstance(told[-1], Ask) else ()))
    except StopIteration as end:
        return told, end.value


def test_all_that_a_try_asks_and_tells_is_marked_and_its_answers_and_result_come_through() -> None:
    told, result = played(with_attempt(RETRY, story()))
    assert result == "hello"
    assert [event.attempt for event in told if not isinstance(event, Ended)] == [RETRY] * 3
    assert told[-1] is ENDED


def test_a_try_within_a_try_bears_both_names() -> None:
    told, _ = played(with_attempt(RETRY, with_attempt(REPAIR, story())))
    both = Attempt(number=3, label="retry2+repair1", detail={"seed": 7, "strength": 0.4})
    assert {repr(event.attempt) for event in told if not isinstance(event, Ended)} == {repr(both)}


def test_a_flow_that_says_nothing_has_its_result() -> None:
    def silent() -> Flow[str]:
        yield from ()
        return "nothing"

    flow = with_attempt(RETRY, silent())
    with pytest.raises(StopIteration) as end:
        next(flow)
    assert end.value.value == "nothing"


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_however_deep_the_numbers_add_up_and_the_labels_tell_the_way(numbers: list[int]) -> None:
    flow = story()
    for number in reversed(numbers):
        flow = with_attempt(Attempt(number=number, label=f"retry{number}"), flow)
    told, _ = played(flow)
    assert isinstance(told[0], Ask)
    assert told[0].attempt.number == sum(numbers)
    assert told[0].attempt.label == "+".join(f"retry{number}" for number in numbers)


def test_the_first_try_within_the_first_try_is_the_first_try() -> None:
    told, _ = played(with_attempt(FIRST_ATTEMPT, story()))
    assert isinstance(told[0], Ask)
    assert told[0].attempt == FIRST_ATTEMPT


def test_what_was_told_is_kept_in_order_and_the_gates_last_words_are_the_end_s() -> None:
    told = FlowTrace()
    for event in played(story())[0]:
        if not isinstance(event, Ask):
            told.note(event)
    word = Judged(stage="judged", blob=PICTURE, verdict=YES, attempt=REPAIR)
    told.note(word)
    told.note(Ended(final_verdicts=(word,), exited_early=LEFT))
    node = Node(id="a", info=NodeInfo(kind="take", slot="a", stage="judged"), flow=lambda _results: _never())
    result = told.ended(node, NodeStatus.DONE, PICTURE)
    assert ([made.stage for made in result.pictures], len(result.judged), result.exited_early) == (["takes"], 2, LEFT)
    assert (result.end.done, result.end.exited_early) == (True, "judged")
    assert result.end.rulings == {"judged": (Ruling.ACCEPTED, 0.7)}
    assert not told.ended(node, NodeStatus.STOPPED, None).end.done


def _never() -> Flow[Blob]:
    yield from ()
    raise AssertionError
