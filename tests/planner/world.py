"""Recipes of every make, and a world that answers their calls: who is in a picture hangs on the call alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import cast

from nano_banana.engine.call_resolver import CallResolver
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.engine.scheduler import Scheduler
from nano_banana.model.call import Call, Reply, blob_of
from nano_banana.model.json_values import JSONObject, as_object
from nano_banana.model.nodes import NodeResult, Plan
from nano_banana.model.problem import CallFailed, problem
from nano_banana.model.ticket import Requester
from nano_banana.planner.planning import make_plan
from nano_banana.planner.preview import preview
from nano_banana.planner.takes import Selection
from nano_banana.recipe.load import load_recipe
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.session.opening import input_files
from nano_banana.stages.stage_calls import CallTarget
from nano_banana.stages.take_context import PlanContext, TemplateContexts
from tests.recipe.resolve.tools import CATALOG, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a recipe is like. `pair` has two people in each picture; `fork` sends what comes out two ways."""

    seeds: tuple[int, ...] = (11, 29)
    scenes: tuple[str, ...] = ("office", "street")
    pair: bool = False
    retries: int = 1
    rungs: tuple[float, ...] = ()
    again: bool = False
    best: int = 0
    onward: str = ""
    fork: bool = False
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The recipe."""
        cast_of = "cast: {left: ana, right: ben}, identity: by_face" if self.pair else "cast: {each: [ana, ben]}"
        scenes, seeds = _list(self.scenes), _list(self.seeds)
        lines = [
            "nano_banana: 1",
            "name: shaped",
            "subjects:",
            "  ana: {noun: woman, trigger: anqz7, training_set: ana.jpg}",
            "  ben: {noun: man, trigger: bnvk4, training_set: ben.jpg}",
            "templates:",
            "  whole: 'a portrait in {{ scene }}'",
            "  face: '{{ subject.trigger }}, face'",
            "shots:",
            f"  heads: {{template: whole, {cast_of}, matrix: {{scene: {scenes}}}, seeds: {seeds}}}",
            "adapters: {style: {file: style.safetensors, base: flux-1}}",
            "stages:",
            "- {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {style: 1}}",
            *self._stages(),
        ]
        return "\n".join(lines) + "\n"

    @property
    def picks(self) -> str:
        """What `picks.yaml` says."""
        return f"picks: {{picks: {{keep: {_list(self.kept)}, drop: {_list(self.dropped)}}}}}\n"

    def _stages(self) -> list[str]:
        found, last = [], "takes"
        if self.pair:
            found.append(_paint("placed", last, "mask: {find: face, assign: cast}"))
            last = "placed"
        found.append(self._gate("judged", last))
        last = f"judged{self.onward}"
        if self.best:
            found.append(f"- {{id: picks, choose: {last}, keep: {{best: {self.best}, per: [scene]}}}}")
            last = "picks"
        found.append(f"- {{id: clear, restore: {last}, using: fal-ai/codeformer}}")
        if self.again:
            found.append(self._gate("again", "clear"))
        if self.fork:
            found.append(f"- {{id: large, upscale: {last}, using: fal-ai/esrgan}}")
        return found

    def _gate(self, name: str, of: str) -> str:
        repair = ""
        if self.rungs:
            ladder = f"ladder: {{strength: {_list(self.rungs)}}}"
            repair = f", repair: {{using: fal-ai/flux-lora/inpainting, prompt: face, adapters: {{style: 1}}, {ladder}}}"
        return f"- {{id: {name}, gate: {of}, retry: {{takes: {self.retries}}}{repair}}}"


def _list(values: Sequence[object]) -> str:
    return f"[{', '.join(str(value) for value in values)}]"


def _paint(name: str, of: str, mask: str) -> str:
    adapters = "adapters: {style: 1}"
    return f"- {{id: {name}, inpaint: {of}, {mask}, prompt: face, using: fal-ai/flux-lora/inpainting, {adapters}}}"


def plan_of(folder: Path, shape: Shape) -> Plan:
    """The plan of a recipe, without a project around it."""
    write(folder, "ana.jpg", "ben.jpg", "style.safetensors")
    (folder / "recipe.yaml").write_text(shape.text, encoding="utf-8")
    (folder / "picks.yaml").write_text(shape.picks, encoding="utf-8")
    files = RecipeFiles(folder, folder)
    loaded = load_recipe(folder / "recipe.yaml", files=files, catalog=CATALOG, sets={}, environ={})
    bench = PlanContext(
        recipe=loaded.recipe,
        target=CallTarget(provider="fal"),
        catalog=CATALOG,
        engine=loaded.engine,
        contexts=TemplateContexts.of(loaded.recipe, loaded.environment),
        blobs={path: blob_of(path.name.encode(), media=media) for path, media in input_files(loaded.recipe).items()},
        place_of=loaded.place_of,
    )
    return make_plan(bench, Selection())


@dataclass
class World:
    """Answers every call, each in its own way, and always the same; it writes down what it made.

    `sights` are how many faces pictures have, `likes` how like they are: one of each is drawn for every call.
    """

    seed: int
    sights: Sequence[int] = (1,)
    likes: Sequence[float] = (0.1, 0.2, 0.4, 0.7, 0.8)
    made: dict[str, Call] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    halt: Halt = field(default_factory=Halt)

    def reply(self, call: Call) -> Reply:
        """The answer. Raises CallFailed `nothing_found` where a mask is to be of a face that is not there."""
        assert not call.imagined
        self.made[call.key] = call
        places = _PLACES.get(call.endpoint) if call.provider == "compute" else None
        if places is None:
            endpoint = CATALOG.get(call.endpoint)
            assert endpoint is not None
            places = tuple(place.replace("*", "0") for place in endpoint.makes)
        count = self._count(call)
        files = {place: blob_of(f"{self.seed} {call.key}/{place}".encode(), media="image/png") for place in places}
        self.counts |= {blob.digest: count for blob in files.values()}
        return Reply(data=self._data(call, count), files=files)

    async def answer(self, call: Call, _errand: Requester) -> tuple[Reply, bool]:
        """The same for an engine."""
        there = call.key in self.made
        return self.reply(call), there

    def _count(self, call: Call) -> int:
        """How many faces the picture has: as many as the one that it was made from, or that is looked at."""
        known = [self.counts[blob.digest] for blob in call.inputs.values() if blob.digest in self.counts]
        return known[0] if known else self._dice(call).choice(self.sights)

    def _dice(self, call: Call) -> Random:
        return Random(hashlib.sha256(f"{self.seed} {call.key}".encode()).digest())

    def _data(self, call: Call, count: int) -> JSONObject:
        if call.endpoint == "mask":
            which = as_object(as_object(call.arguments["shape"]).get("find")).get("which")
            if not count or (isinstance(which, int) and which > count):
                raise CallFailed([problem("nothing_found", part="face", which=which)])
        if call.endpoint in {"mask", "crop"}:
            return {"box": [0, 0, 1, 1], "width": 1024, "height": 1024}
        if call.endpoint == "look":
            return {"faces": self._faces(call, count, 0)}
        if call.endpoint == "likeness":
            people = sum(place.startswith("people/") for place in call.inputs)
            return {"faces": self._faces(call, count, people), "people": [{"calibration": []}] * people}
        return {}

    def _faces(self, call: Call, count: int, people: int) -> list[JSONObject]:
        dice = self._dice(call)
        return [
            {
                "box": [100.0 * at, 0.0, 90.0, 90.0],
                "sharpness": 100.0,
                "main": True,
                "similar": [dice.choice(self.likes) for _ in range(people)],
            }
            for at in range(count)
        ]


_PLACES: Mapping[str, tuple[str, ...]] = {
    "look": ("faces",),
    "person": ("person",),
    "likeness": (),
    "mask": ("mask",),
    "crop": ("image", "mask"),
    "paste": ("image",),
    "training-zip": ("archive",),
}


def foreseen(plan: Plan, world: World) -> dict[str, NodeResult]:
    """How the nodes end, driven as a forecast drives them."""
    return {result.node.id: result for result in preview(plan, lambda _keys: {}, world.reply)}


async def driven(plan: Plan, world: World) -> dict[str, NodeResult]:
    """How the nodes end, driven as a run drives them."""
    results: dict[str, NodeResult] = {}
    policy = EnginePolicy(providers={}, kind_of=lambda _call: "image", limits={"image": 4})
    answering = cast(CallResolver, world)
    engine = Scheduler(answering, policy, Halt(), lambda _news: None, lambda done: results.update({done.node.id: done}))
    assert await engine.run(plan) is None
    return results


def about(result: NodeResult) -> JSONObject:
    """All that a report says of a node's end."""
    return as_object(
        {
            "done": result.end.done,
            "steps": [[step.stage, step.attempt.label, step.call.key] for step in result.steps],
            "pictures": [[made.stage, made.attempt.label, made.blob.digest] for made in result.pictures],
            "judged": [[one.stage, one.attempt.label, str(one.verdict.ruling)] for one in result.judged],
            "left": "" if result.exited_early is None else f"{result.exited_early.stage} {result.exited_early.why}",
            "why": [problem.kind for problem in result.problems],
        }
    )
