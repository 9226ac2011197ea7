"""The preview: a plan driven against a dictionary, imagined replies never taken for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from nano_banana.model.call import Blob, Call, Reply, blob_of, imagined_blob
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.nodes import Group, Node, NodeInfo, NodeResult, NodeStatus, Plan
from nano_banana.model.problem import CallFailed, problem
from nano_banana.planner.preview import WAVE_SIZE, preview

CARD = NodeInfo(kind="take", slot="x", stage="takes")


class Cache:
    """A dictionary that notes what it was asked for."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[Sequence[str]] = []

    def look(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """The replies that are there."""
        self.asked.append(list(keys))
        return {key: self.replies[key] for key in keys if key in self.replies}

    def learn(self, call: Call, data: bytes) -> Blob:
        """Keep a reply to the call."""
        blob = blob_of(data, media="image/png")
        self.replies[call.key] = Reply(data={}, files={"image": blob})
        return blob


def drawn(endpoint: str, before: Blob | None = None) -> Call:
    """A call, maybe with a file."""
    inputs = {} if before is None else {"image": before}
    return Call(provider="local", endpoint=endpoint, arguments={}, inputs=inputs)


def node(name: str, *endpoints: str, after: tuple[str, ...] = ()) -> Node:
    """A node of calls one after another, each with the last one's file; `!` fails."""

    def flow(results: Mapping[str, Blob]) -> Flow[Blob]:
        blob = results[after[0]] if after else None
        for endpoint in endpoints:
            if endpoint == "!":
                raise CallFailed([problem("no_result", endpoint=name, expected="x")])
            call = drawn(endpoint, blob)
            blob = (yield from ask("takes", call)).files["image"]
            yield Made(stage=endpoint, blob=blob, call=call)
        assert blob is not None
        return blob

    return Node(id=name, info=CARD, flow=flow, after=after)


def look_ahead(cache: Cache, nodes: Sequence[Node], roots: Sequence[Node] = ()) -> dict[str, NodeResult]:
    """The preview of a plan with one group."""
    group = Group(name="takes", after=nodes[0].after, count=len(nodes), nodes=lambda _ends: iter(nodes))
    plan = Plan(recipe="r", roots=roots, groups=[group], files={})
    invent = lambda call: Reply(data={}, files={"image": imagined_blob(call.key, media="image/png")})  # noqa: E731
    return {result.node.id: result for result in preview(plan, cache.look, invent)}


def test_what_is_not_there_is_imagined_and_all_behind_it_is_counted() -> None:
    ends = look_ahead(Cache(), [node("a", "draw", "paint"), node("b", "draw", "paint", "enlarge")])
    assert {name: (str(end.status), len(end.steps)) for name, end in ends.items()} == {
        "a": ("planned", 2),
        "b": ("planned", 3),
    }
    assert ends["a"].result is not None
    assert ends["a"].result.imagined


def test_an_imagined_file_never_gets_into_a_key_that_is_looked_up() -> None:
    cache = Cache()
    look_ahead(cache, [node("a", "draw", "paint")])
    assert cache.asked == [[drawn("draw").key], []]


def test_what_is_there_is_followed_to_its_end() -> None:
    cache = Cache()
    picture = cache.learn(drawn("draw"), b"picture")
    painted = cache.learn(drawn("paint", picture), b"painted")
    ends = look_ahead(cache, [node("a", "draw", "paint"), node("b", "draw", "enlarge")])
    assert (str(ends["a"].status), ends["a"].result) == ("done", painted)
    assert [made.blob for made in ends["a"].pictures] == [picture, painted]
    assert [step.cached for step in ends["b"].steps] == [True, False]
    # One look-up for all that a wave asks for.
    assert len(cache.asked) == 2


def test_roots_hand_on_what_they_would_make() -> None:
    cache = Cache()
    ends = look_ahead(cache, [node("a", "draw", after=("root",))], [node("root", "train")])
    assert [str(end.status) for end in ends.values()] == ["planned", "planned"]
    assert cache.asked == [[drawn("train").key], []]
    adapter = cache.learn(drawn("train"), b"adapter")
    cache.learn(drawn("draw", adapter), b"picture")
    ends = look_ahead(cache, [node("a", "draw", after=("root",))], [node("root", "train")])
    assert [str(end.status) for end in ends.values()] == ["done", "done"]


def test_a_flow_that_fails_is_told_and_blocks_those_behind_it() -> None:
    ends = look_ahead(Cache(), [node("a", "draw", after=("root",))], [node("root", "train", "!")])
    assert [str(end.status) for end in ends.values()] == ["failed", "blocked"]
    assert ends["root"].problems[0].kind == "no_result"
    assert ends["a"].problems[0].data == {"names": "root"}
    assert len(ends["root"].steps) == 1


def test_many_nodes_come_in_waves() -> None:
    cache = Cache()
    ends = look_ahead(cache, [node(f"n{number}", f"draw/{number}") for number in range(WAVE_SIZE + 1)])
    assert len(ends) == WAVE_SIZE + 1
    assert [len(keys) for keys in cache.asked] == [WAVE_SIZE, 1]


def test_what_changed_code_does_again_is_taken_to_give_the_same() -> None:
    cache, photo = Cache(), blob_of(b"photo", media="image/png")
    opened = Call(provider="compute", endpoint="open", arguments={}, inputs={"file": photo}, revision=1)
    cache.learn(drawn("paint", cache.learn(opened, b"opened")), b"painted")

    def flow(_results: Mapping[str, Blob]) -> Flow[Blob]:
        image = (yield from ask("opened", replace(opened, revision=3))).files["image"]
        return (yield from ask("painted", drawn("paint", image))).files["image"]

    ends = look_ahead(cache, [Node(id="a", info=CARD, flow=flow)])
    assert [step.cached for step in ends["a"].steps] == [False, True]
    assert ends["a"].status is NodeStatus.PLANNED
