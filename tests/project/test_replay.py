"""What of an account is asked again: from where its files are at hand, and all that hangs on what is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from nano_banana.features.replay.replay_plan import (
    Replay,
    plan_of_replay,
    replay_of_account,
    stage_of_call,
    unanswered_calls,
)
from nano_banana.model.call import Blob, Call
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord


def call(name: str, **inputs: str) -> CallRecord:
    return CallRecord(
        stage=name,
        provider="fal",
        endpoint=f"fal-ai/{name}",
        arguments={},
        inputs=inputs,
        outputs={"image": f"<{name}>"},
        key="",
        cost_usd=None,
    )


TRAIN = call("train", archive="zip")
DRAW = call("draw", adapter="<train>")
PAINT = call("paint", image="<draw>", adapter="<train>")
PASTE = call("paste", original="<draw>", painted="<paint>")
ACCOUNT = GenerationRecord(
    program="1", recipe="r", take="a/b", stage="faces", picture="<paste>", calls=[TRAIN, DRAW, PAINT, PASTE]
)


def replayed(*here: str, answered: Collection[str] = (), anew: bool = False) -> Replay:
    def blob(digest: str) -> Blob | None:
        return Blob(digest=digest, size=1, media="image/png") if digest in here else None

    return replay_of_account(ACCOUNT, blob, lambda told: told.stage in answered, anew=anew)


def asked(replay: Replay, answered: Collection[str] = ()) -> list[str]:
    return [told.stage for told in unanswered_calls(replay, lambda told: told.stage in answered)]


def test_where_the_picture_is_nothing_is_asked() -> None:
    assert replayed("<paste>").calls == []
    assert list(replayed("<paste>").given) == ["<paste>"]
    answered = replayed(answered=["paste"])
    assert [told.stage for told in answered.calls] == ["paste"]
    assert asked(answered, ["paste"]) == []


def test_it_begins_where_bytes_are() -> None:
    replay = replayed("<train>")
    assert asked(replay) == ["draw", "paint", "paste"]
    assert list(replay.given) == ["<train>"]
    assert not replay.missing
    assert asked(replayed("<draw>", "<train>")) == ["paint", "paste"]


def test_what_nobody_has_is_lacked_once() -> None:
    assert [(lack.digest, lack.call.stage, lack.place) for lack in replayed().missing] == [("zip", "train", "archive")]


def test_what_makes_itself_is_lacked() -> None:
    """A photo without metadata is opened as it is: the same bytes go in and come out."""
    opened = replace(call("open", file="<open>"), outputs={"image": "<open>"})
    looped = call("draw", image="<paint>"), call("paint", image="<draw>")
    for calls, picture, place in (([opened], "<open>", "file"), (looped, "<paint>", "image")):
        account = replace(ACCOUNT, calls=calls, picture=picture)
        replay = replay_of_account(account, lambda _digest: None, lambda _told: False)
        assert [(lack.call, lack.place) for lack in replay.missing] == [(calls[0], place)]
    answered = replay_of_account(
        replace(ACCOUNT, calls=[opened], picture="<open>"), lambda _digest: None, lambda _told: True
    )
    assert not answered.missing


def test_anew_means_that_only_the_user_s_own_files_are_taken() -> None:
    assert asked(replayed("zip", "<train>", "<paste>", anew=True)) == ["train", "draw", "paint", "paste"]


def test_what_hangs_on_something_new_is_new_although_the_store_has_the_old() -> None:
    replay = replayed("<train>", answered=["paint"])
    assert asked(replay, ["paint"]) == ["draw", "paint", "paste"]


def test_names_are_made_safe() -> None:
    told = call("../..", image="x")
    assert stage_of_call(told) == "call"
    (group,) = plan_of_replay(replayed("<paste>"), _never, None).groups
    (node,) = group.nodes({})
    assert (node.id, node.info.stage) == ("a/b", "faces")


def _never(told: CallRecord, inputs: Mapping[str, Blob]) -> Call:
    raise AssertionError(told, inputs)
