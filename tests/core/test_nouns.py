"""Readers of JSON, problems in order, errors that cross processes, the tree of errors."""

from __future__ import annotations

import pickle

import pytest

from nano_banana.model import problem as errors
from nano_banana.model.call import Call, Reply, blob_of
from nano_banana.model.flow import Ask, ask
from nano_banana.model.json_values import as_items, as_number, as_object, as_text, as_whole
from nano_banana.model.nodes import Group, Plan
from nano_banana.model.problem import CallFailed, NanoBananaError, Position, did_you_mean, problem


def test_json_is_read_as_what_it_is() -> None:
    assert as_text("a") == "a"
    assert as_object(None) == {}
    assert as_object({"a": 1}) == {"a": 1}
    assert [list(as_items(value)) for value in (None, "ab", {"a": 1}, 3, [1, 2])] == [
        [],
        ["ab"],
        [{"a": 1}],
        [3],
        [1, 2],
    ]
    assert as_number(2.5) == 2.5
    assert as_whole(3.0) == 3


def test_json_that_is_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="expected text, got int"):
        as_text(1)
    with pytest.raises(TypeError, match="expected an object, got list"):
        as_object([])
    with pytest.raises(TypeError, match="expected a number, got bool"):
        as_number(True)


def test_problems_are_sorted_by_place_and_errors_cross_processes_whole() -> None:
    late = problem("b", position=Position(file="r.yaml", line=9, column=1), name="x")
    early = problem("c", position=Position(file="r.yaml", line=2, column=5))
    nowhere = problem("a")
    error = CallFailed([late, early, nowhere])
    assert error.problems == (nowhere, early, late)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is CallFailed
    assert copy.problems == error.problems


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = [line.replace("├── ", "").replace("└── ", "").split() for line in str(errors.__doc__).splitlines()]
    told = {words[0]: int(words[1]) for words in tree if len(words) > 1 and words[1].isdigit()}
    found = {"NanoBananaError": 1, **{kind.__name__: kind.exit_code for kind in NanoBananaError.__subclasses__()}}
    assert told == found


def test_names_that_were_meant() -> None:
    assert did_you_mean("Heds", ["heads", "hands", "likeness"])[0] == "heads"
    assert did_you_mean("zzz", ["heads"]) == ()


def test_a_flow_asks_one_call_and_returns_its_reply() -> None:
    call = Call(provider="local", endpoint="x", arguments={})
    flow = ask("takes", call)
    assert next(flow) == Ask(stage="takes", calls=(call,))
    reply = Reply(data={}, files={"image": blob_of(b"x", media="image/png")})
    with pytest.raises(StopIteration) as end:
        flow.send((reply,))
    assert end.value.value is reply


def test_a_plan_counts_its_takes() -> None:
    groups = [Group(name=str(count), after=(), count=count, nodes=lambda _ends: iter(())) for count in (2, 3)]
    groups.append(Group(name="chosen", after=(), count=3, nodes=lambda _ends: iter(()), after_groups=("2", "3")))
    assert Plan(recipe="r", roots=[], groups=groups, files={}).takes == 5
