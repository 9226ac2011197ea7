"""What a stage draws for each take: prompt, seed, adapters, references."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.blob import Blob
from nano_banana.core.json import JSONObject, JSONValue, as_object
from nano_banana.planner.photos import references_of
from nano_banana.planner.training import root_id
from nano_banana.planner.walk import Results, Walk
from nano_banana.planner.workbench import Workbench, has_templates
from nano_banana.recipe.model import Identity, Shot, Stage
from nano_banana.recipe.packs.given import Given
from nano_banana.stages.generate import Drawing

_MOST_SHOWN = 4
"""Photos of one person that are shown to an endpoint which takes more: four angles say what there is to say."""

Drawer: TypeAlias = Callable[[Walk, Sequence[str]], Drawing]
"""Makes the drawing of one try at a take, with the adapters of these people."""


def drawer_of(bench: Workbench, shot: Shot, stage: Stage) -> Drawer:
    """What is the same for all takes of the shot is worked out once."""
    endpoint = bench.endpoint(stage.endpoint)
    text = stage.prompt or shot.template
    fields = fields_of(bench, stage, endpoint, given_to(shot, stage))
    images = [bench.digests[path] for name, path in stage.files.items() if name != "mask"]
    shown = _references(bench, shot, endpoint) if stage.verb == "generate" else {}
    roles = endpoint.roles

    def drawing(walk: Walk, people: Sequence[str]) -> Drawing:
        who = {"subject": bench.contexts.subjects[people[0]]} if len(people) == 1 else {}
        context = {**walk.context, **who}
        arguments: dict[str, JSONValue] = {**fields(context), str(roles.prompt): bench.render(text, context)}
        if roles.seed:
            arguments[roles.seed] = walk.take.seed
        return Drawing(
            endpoint=endpoint,
            arguments=arguments,
            adapters=_adapters(bench, stage, people, walk.results),
            images=[*(blob for name in walk.take.cast for blob in shown.get(name, ())), *images],
        )

    return drawing


def given_to(shot: Shot, stage: Stage) -> Given | None:
    """The pack's template that a stage draws a shot by; None where it is none, or where the stage does not draw."""
    return (stage.prompt or shot.template).given if stage.verb == "generate" else None


def fields_of(
    bench: Workbench, stage: Stage, endpoint: Endpoint, given: Given | None = None
) -> Callable[[Mapping[str, object]], JSONObject]:
    """The endpoint's fields for a take's context, after defaults: as the stage says them, else as a pack does."""
    if given is None and not has_templates(stage.options):
        ready = complete(endpoint, stage.options)
        return lambda _context: ready

    def fields(context: Mapping[str, object]) -> JSONObject:
        said = as_object(bench.fill(stage.options, context, (*stage.where, "with")))
        settled = {} if given is None else bench.settled(given, context, endpoint)
        return complete(endpoint, {**settled, **said})

    return fields


def _adapters(bench: Workbench, stage: Stage, people: Sequence[str], results: Results) -> list[tuple[Blob, float]]:
    """Those that the recipe brings along, and each person's own; nobody's where strangers are drawn."""
    found = []
    for name, scale in stage.adapters:
        brought = bench.recipe.adapters.get(name)
        if brought:
            found.append((bench.digests[brought.path], scale))
        else:
            found += [(results[root_id(name, person)], scale) for person in people]
    return found


def _references(bench: Workbench, shot: Shot, endpoint: Endpoint) -> Mapping[str, Sequence[Blob]]:
    """The photos of each of the cast that the endpoint is shown: those that the recipe names, else as many as it takes.

    Then each of several gets the same number.
    """
    if shot.identity is not Identity.REFERENCE:
        return {}
    field = endpoint.field_for(endpoint.roles.images)
    room = 1 if field is None else field.max_items or _MOST_SHOWN
    each = max(1, min(room // max(1, len(shot.together)), _MOST_SHOWN))
    subjects = bench.recipe.subjects
    return {
        name: [bench.digests[path] for path in references_of(subjects[name], bench.digests, most=each)]
        for name in shot.cast
    }
