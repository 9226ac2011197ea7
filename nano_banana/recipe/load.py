"""A recipe, from its file to nouns; every problem is said at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject, as_text
from nano_banana.core.problem import Place, Problem
from nano_banana.recipe.document import read_document, rendered
from nano_banana.recipe.environ import Environ
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.model import Text, Where, asking
from nano_banana.recipe.offered import Offer, nothing_on_shelf
from nano_banana.recipe.outputs import Outputs
from nano_banana.recipe.photo_rules import photo_rules_of
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.renderer import has_templates
from nano_banana.recipe.resolve.adapters import read_adapters
from nano_banana.recipe.resolve.checks import check_stages
from nano_banana.recipe.resolve.choices import check_choices, with_picks
from nano_banana.recipe.resolve.judging import check_gates
from nano_banana.recipe.resolve.known import Known
from nano_banana.recipe.resolve.marking import check_marks
from nano_banana.recipe.resolve.opened import check_opened
from nano_banana.recipe.resolve.outputs import read_outputs
from nano_banana.recipe.resolve.packs import packs_of
from nano_banana.recipe.resolve.people import check_people
from nano_banana.recipe.resolve.prompts import check_cases, check_names, place_of, read_templates
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.shots import read_axes, read_shots
from nano_banana.recipe.resolve.sources import check_sources, drawn_by
from nano_banana.recipe.resolve.stages import field_of, find_cycle, read_stages, verbs_of
from nano_banana.recipe.resolve.subjects import read_subjects
from nano_banana.recipe.resolve.suiting import check_packs
from nano_banana.recipe.resolve.texts import check_texts, environment_in, prefix_of, texts_of
from nano_banana.recipe.resolve.triggers import check_triggers
from nano_banana.recipe.resolve.unused import UNUSED, check_unused
from nano_banana.recipe.schema import recipe_schema
from nano_banana.recipe.templates.engine import TemplateEngine
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.terms import limits_of, privacy_of
from nano_banana.recipe.validate import check_shape, unknown_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A recipe that can be planned, with what reading it took: the files, the environment, the warnings."""

    recipe: Recipe
    files: RecipeFiles
    engine: TemplateEngine
    environment: JSONObject
    env_read: frozenset[str]
    warnings: Sequence[Problem]
    lines: Callable[[str], list[str]]
    place_of: Callable[[Text, TemplateFault], Place]
    nearest: Callable[[Where], Place]


def load_recipe(
    path: Path,
    *,
    files: RecipeFiles,
    catalog: Catalog,
    sets: Mapping[str, str],
    environ: Mapping[str, str],
    allow_env: Collection[str] | None = None,
    overlooked: Collection[str] = (),
    offer: Offer = nothing_on_shelf,
) -> Loaded:
    """Read, check and resolve; `offer` looks on the shelf of adapters.

    `allow_env` are the environment variables that the recipe may read (None: all but fal's keys).

    Raises Invalid with every problem, sorted by place, but for the kinds `overlooked`.
    """
    schema, written = recipe_schema(), read_document(path, files)
    untouched = unknown_keys(written, schema) if has_templates(written.tree) else ()
    seen = Environ(environ, allow_env)
    whole = rendered(written, sets=sets, environ=seen, untouched=untouched)
    shape = check_shape(whole, schema, stand_ins=_STAND_INS)
    document = shape.document
    if document is None:
        raise Invalid([*whole.problems, *shape.problems])
    reading = Reading(document, files, catalog, seen, shape.lost)
    recipe, environment = _resolve(reading, offer, path, sound=not shape.problems)
    problems = [*whole.problems, *shape.problems, *reading.problems]
    problems = [problem for problem in problems if problem.kind not in overlooked]
    if any(not problem.warning for problem in problems):
        raise Invalid(problem for problem in problems if problem.kind not in UNUSED)
    return Loaded(
        recipe=recipe,
        files=files,
        engine=reading.engine,
        environment=environment,
        env_read=frozenset(seen.read),
        warnings=[problem for problem in reading.problems if problem.warning],
        lines=document.lines,
        place_of=partial(place_of, reading),
        nearest=document.nearest,
    )


_STAND_INS: JSONObject = {"nano_banana": 1, "name": "recipe"}
"""What is read in place of keys that every recipe has, if they are missing or wrong."""


def _resolve(reading: Reading, offer: Offer, path: Path, *, sound: bool) -> tuple[Recipe, JSONObject]:
    """The recipe and the environment that its templates read. `sound`: nothing is wrong with the recipe's shape."""
    check_names(reading)
    check_cases(reading)
    templates = read_templates(reading)
    subjects = read_subjects(reading)
    adapters = read_adapters(reading, offer)
    shots = read_shots(reading, subjects, read_axes(reading), templates)
    known = Known(subjects=subjects, adapters=adapters, shots=shots, templates=templates, verbs=verbs_of(reading))
    stages = with_picks(reading, read_stages(reading, known))
    circle = find_cycle(stages)
    outputs = Outputs()
    if circle:
        first = next(stage for stage in stages if stage.id in circle)
        turn = circle.index(first.id)
        around = [*circle[turn:-1], *circle[:turn], first.id]
        reading.wrong("cycle", (*first.where, field_of(first.verb)), circle=" → ".join(around))
    else:
        drawn = drawn_by(stages, shots)
        check_sources(reading, stages, drawn)
        check_stages(reading, stages, adapters, drawn)
        check_texts(reading, subjects, shots, stages, drawn, templates)
        check_triggers(reading, subjects, stages, drawn)
        check_packs(reading, subjects, stages, drawn)
        check_people(reading, subjects, stages, drawn)
        check_gates(reading, stages, drawn)
        check_opened(reading, stages, drawn)
        check_choices(reading, stages, drawn)
        check_marks(reading, stages)
        outputs = read_outputs(reading, known.verbs, drawn)
        check_unused(reading, shots, stages)
    prefix = prefix_of(reading, subjects)
    texts = [shot.template for shot in shots.values()] + ([] if prefix is None else [prefix])
    texts += [text for stage in asking(stages) for text in texts_of(stage)]
    environment = environment_in(reading, texts)
    data = reading.document.data
    provider = data.get("provider")
    recipe = Recipe(
        name=as_text(data["name"]),
        path=path,
        provider=None if provider is None else as_text(provider),
        variables=reading.section("vars"),
        limits=limits_of(reading.section("limits")),
        privacy=privacy_of(reading.section("privacy")),
        subjects=subjects,
        adapters=adapters,
        shots=shots,
        stages=stages,
        outputs=outputs,
        packs=packs_of(templates),
        photo_rules=photo_rules_of(reading.section("photo_rules")) if "photo_rules" in data and sound else None,
    )
    return recipe, environment
