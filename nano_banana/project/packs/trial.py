"""A recipe that tries packs out: planned, or run on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.news import Watcher
from nano_banana.core.share import share
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.preview import preview
from nano_banana.project.acceptance import Counts, acceptance
from nano_banana.project.packs.cases import TRIGGER
from nano_banana.project.packs.home import home_of
from nano_banana.project.project import Project
from nano_banana.project.wish import Wish
from nano_banana.recipe.packs.pack import CROP, Pack, PackTemplate
from nano_banana.settings import Settings
from nano_banana.workshop.order import Outcome

DRAWS = "fal-ai/flux-lora"
TRAINS = "fal-ai/flux-lora-fast-training"
NAME = "packs-test"
"""The recipe's name, and so the folder's of its pictures."""
SEED = 11
STORE = "trials"
"""The folder of the trials' store, in the project's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A picture that a template would make: for which crop (empty: it has none), by which call, at what cost at most.

    `cost_usd` is None where nobody knows.
    """

    crop: str
    key: str
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """Who sits for a trial run."""

    photos: Path
    noun: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How a trial run ended, and what the gate said by template (`cinema/noir-detective`)."""

    outcome: Outcome
    accepted: Mapping[str, Counts]


def example() -> Sitter:
    """The astronaut whose photos came with the program."""
    return Sitter(photos=share("recipes", "photos", "astronaut"), noun="woman")


def plan_trial(pack: Pack, root: Path, settings: Settings, environ: Mapping[str, str]) -> Mapping[str, list[Planned]]:
    """What each template of the pack would ask of fal, once for each crop. Asks nobody, and keeps nothing.

    Raises Invalid where the endpoint refuses a template's settings.
    """
    shots = [
        (template, crop, _shot_name(pack, template, at))
        for template in pack.templates.values()
        for at, crop in enumerate(_crops(template))
    ]
    entries = [(pack, template, name, {CROP: crop} if crop else {}) for template, crop, name in shots]
    found: dict[str, list[Planned]] = {name: [] for name in pack.templates}
    with TemporaryDirectory() as folder, home_of([pack], root) as home:
        wish = Wish(recipe=home / f"{NAME}.yaml", text=_recipe(entries, None), provider="fal")
        elsewhere = replace(settings, store=Path(folder) / "store", out=Path(folder) / "out")
        with Project.open(wish, elsewhere, environ=environ) as project:
            ends = {end.node.card.shot: end for end in preview(project.plan, lambda _: {}, imaginer(project.catalog))}
            for template, crop, name in shots:
                if ends[name].problems:
                    raise Invalid(ends[name].problems)
                for step in ends[name].steps:
                    cost = project.price(step.call)
                    found[template.name].append(Planned(crop=crop, key=step.call.key, cost_usd=cost))
    return found


def run_trial(
    chosen: Sequence[tuple[Pack, PackTemplate]],
    sitter: Sitter,
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    watch: Watcher,
) -> Tried:
    """Make a picture by each template of the sitter, on this machine, and judge it where the template has a gate.

    Raises Invalid where there are no photos to train with.
    """
    if not sitter.photos.is_dir():
        raise Invalid([trouble("no_such_photos", folder=str(sitter.photos))])
    entries: list[_Entry] = [(pack, template, _shot_name(pack, template), {}) for pack, template in chosen]
    # A store of its own: who sits for a trial is not to stand on the project's shelf.
    settings = replace(settings, store=settings.store / STORE)
    with home_of((pack for pack, _ in chosen), root) as home:
        wish = Wish(recipe=home / f"{NAME}.yaml", text=_recipe(entries, sitter), provider="local")
        outcome = _run(wish, settings, environ, watch)
    accounts = acceptance(outcome.records)
    said = {name: f"{pack.name}/{template.name}" for pack, template, name, _ in entries}
    by_name = accounts["judged"].templates if "judged" in accounts else {}
    return Tried(outcome=outcome, accepted={said[name]: counts for name, counts in by_name.items()})


def _run(wish: Wish, settings: Settings, environ: Mapping[str, str], watch: Watcher) -> Outcome:
    with Project.open(wish, settings, environ=environ) as project:
        forecast = project.forecast()
        project.check_provider(forecast)
        return project.run(forecast, watch)


_Entry = tuple[Pack, PackTemplate, str, JSONObject]


def _crops(template: PackTemplate) -> Sequence[str]:
    """Those that the template is good at; one without crops is planned once."""
    return template.crops or tuple(template.variables[CROP].choices if CROP in template.variables else ()) or ("",)


def _shot_name(pack: Pack, template: PackTemplate, at: int = 0) -> str:
    return f"{pack.name}-{template.name}"[:56] + (f"-{at + 1}" if at else "")


def _recipe(entries: Iterable[_Entry], sitter: Sitter | None) -> str:
    """The recipe, as JSON, which is YAML; without a sitter nobody is trained."""
    entries = list(entries)
    person: dict[str, JSONValue] = {"noun": "person" if sitter is None else sitter.noun, "trigger": TRIGGER}
    if sitter is not None:
        person["training_set"] = {"photos": str(sitter.photos.absolute()), "hold_out": 2}
    templates: dict[str, JSONValue] = {
        name: {"pack": f"{pack.name}/{template.name}", "with": values} for pack, template, name, values in entries
    }
    shots: dict[str, JSONValue] = {
        name: {"template": name, "cast": "sitter", "seeds": [SEED]} for _, _, name, _ in entries
    }
    return json.dumps(
        {
            "nano_banana": 1,
            "name": NAME,
            "subjects": {"sitter": person},
            "templates": templates,
            "shots": shots,
            "stages": [*_stages(trained=sitter is not None)],
        }
    )


def _stages(*, trained: bool) -> Iterator[JSONObject]:
    if not trained:
        yield {"id": "takes", "generate": "all", "using": DRAWS}
        return
    yield {"id": "likeness", "train": "sitter", "using": TRAINS}
    yield {"id": "takes", "generate": "all", "using": DRAWS, "adapters": {"likeness": 1.0}}
    yield {"id": "judged", "gate": "takes"}
