"""Loads a recipe: file to resolved model, with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.provider_registry import selectable_provider
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Position, Problem
from nano_banana.recipe.document import Document, read_document, render_document
from nano_banana.recipe.interpolation import RecipeEnvironment, has_templates
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.recipe.picks import with_picks
from nano_banana.recipe.prompt_checks import caption_prefix, check_pack_use, check_prompts, environment_used
from nano_banana.recipe.prompts import check_cases, check_names, fault_place_of, packs_in, read_templates
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_model import (
    FindShelfAdapter,
    OutputSpec,
    Recipe,
    TemplateText,
    endpoint_stages,
    no_shelf,
)
from nano_banana.recipe.recipe_sections import RecipeSection
from nano_banana.recipe.resolve_context import OmittedParts, ResolveContext
from nano_banana.recipe.resolve_outputs import read_outputs
from nano_banana.recipe.resolve_shots import read_axes, read_shots
from nano_banana.recipe.resolve_stages import find_cycle, shots_by_stage
from nano_banana.recipe.resolve_subjects import read_adapters, read_subjects
from nano_banana.recipe.stage_checks import (
    UNUSED_KINDS,
    check_stages,
    check_triggers,
    check_unused,
    read_stages,
    stage_names,
)
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault
from nano_banana.recipe.validate import ShapeCheck, check_shape, unknown_keys
from nano_banana.stages.stage_kind import StageCheck, StageKind
from nano_banana.stages.stage_registry import code_file, installed_kinds, our_kinds, stage_kinds


class Loaded(Struct, frozen=True, kw_only=True):
    """A recipe that can be planned, with what reading it took: the files, the environment, the warnings."""

    recipe: Recipe
    files: RecipeFiles
    engine: TemplateEngine
    environment: JSONObject
    env_read: frozenset[str]
    warnings: Sequence[Problem]
    lines: Callable[[str], list[str]]
    place_of: Callable[[TemplateText, TemplateFault], Position]
    nearest: Callable[[KeyPath], Position]


def load_recipe(
    path: Path,
    *,
    files: RecipeFiles,
    catalog: Catalog,
    sets: Mapping[str, str],
    environ: Mapping[str, str],
    allow_env: Collection[str] | None = None,
    overlooked: Collection[str] = (),
    offer: FindShelfAdapter = no_shelf,
) -> Loaded:
    """Read, check and resolve; `offer` looks on the shelf of adapters.

    `allow_env` are the environment variables that the recipe may read (None: all but fal's keys).

    Raises Invalid with every problem, sorted by place, but for the kinds `overlooked`.
    """
    written = read_document(path, files)
    kinds, untouched = _kinds_for(written, files), frozenset[KeyPath]()
    if has_templates(written.tree) and not fits_sections(written.data, kinds):
        untouched = unknown_keys(written, recipe_schema(kinds=kinds))
    seen = RecipeEnvironment(environ, allow_env)
    whole = render_document(written, sets=sets, environ=seen, untouched=untouched)
    if not whole.lost and fits_sections(whole.data, kinds):
        shape = ShapeCheck(problems=(), document=whole, lost=OmittedParts())
    else:
        shape = check_shape(whole, recipe_schema(kinds=kinds), stand_ins=_REQUIRED_KEYS)
    document = shape.document
    if document is None:
        raise Invalid([*whole.problems, *shape.problems])
    reading = ResolveContext(document, files, catalog, seen, shape.lost)
    recipe, environment = _resolve(reading, kinds, offer, path, sound=not shape.problems)
    problems = [*whole.problems, *shape.problems, *reading.problems]
    problems = [problem for problem in problems if problem.kind not in overlooked]
    if any(not problem.warning for problem in problems):
        raise Invalid(problem for problem in problems if problem.kind not in UNUSED_KINDS)
    return Loaded(
        recipe=recipe,
        files=files,
        engine=reading.engine,
        environment=environment,
        env_read=frozenset(seen.read),
        warnings=[problem for problem in reading.problems if problem.warning],
        lines=document.texts.lines,
        place_of=partial(fault_place_of, reading),
        nearest=document.nearest,
    )


def fits_sections(data: JSONObject, kinds: Mapping[str, StageKind]) -> bool:
    """Whether the sections take a recipe's data as it is, so that the schema, which is made of them, allows it.

    Data with something that they don't look at is for the schema: null where a key may be absent, a list with repeats,
    a stage of an installed kind. Making the schema and validating by it takes ten times as long.
    """
    if _has_gaps(data):
        return False
    try:
        for entry in msgspec.convert(data, RecipeSection).stages:
            (verb,) = entry.keys() & kinds.keys()
            if verb not in our_kinds():
                return False
            msgspec.convert(entry, kinds[verb].parameters)
    except ValueError:  # msgspec's error is one
        return False
    return True


def _has_gaps(value: JSONValue) -> bool:
    """Whether there is a null or a list with repeats."""
    if isinstance(value, Mapping):
        return any(map(_has_gaps, value.values()))
    if isinstance(value, list):
        return len({*map(repr, value)}) < len(value) or any(map(_has_gaps, value))
    return value is None


_REQUIRED_KEYS: JSONObject = {"nano_banana": 1, "name": "recipe"}
"""What is read in place of keys that every recipe has, if they are missing or wrong."""


def _check_provider(reading: ResolveContext) -> None:
    try:
        if reading.recipe.provider is not None:
            selectable_provider(reading.recipe.provider)
    except Invalid as error:
        for found in error.problems:
            reading.add(replace(found, position=reading.document.nearest(("provider",))))


def _kinds_for(document: Document, files: RecipeFiles) -> Mapping[str, StageKind]:
    """The kinds of stages that the recipe may have: ours, with installed ones if a stage has none of our verbs.

    Raises Invalid if a stage has the verb of an installed kind that can't be used. The code of those that are used is
    one of the files that the recipe depends on.
    """
    stages = document.data.get("stages")
    entries = enumerate(stages if isinstance(stages, list) else ())
    others = [
        (at, name)
        for at, entry in entries
        if isinstance(entry, Mapping) and not entry.keys() & our_kinds().keys()
        for name in entry
    ]
    if not others:
        return our_kinds()
    kinds, broken = stage_kinds(), installed_kinds().problems
    if problems := [
        replace(broken[name], position=document.key_place(("stages", at, name)))
        for at, name in others
        if name in broken
    ]:
        raise Invalid(problems)
    for _, name in others:
        if name in kinds:
            files.exists(code_file(kinds[name]), confined=False)
    return kinds


def _resolve(
    reading: ResolveContext, kinds: Mapping[str, StageKind], offer: FindShelfAdapter, path: Path, *, sound: bool
) -> tuple[Recipe, JSONObject]:
    """The recipe and the environment that its templates read. `sound`: nothing is wrong with the recipe's shape."""
    _check_provider(reading)
    check_names(reading)
    check_cases(reading)
    templates = read_templates(reading)
    subjects = read_subjects(reading)
    adapters = read_adapters(reading, offer)
    shots = read_shots(reading, subjects, read_axes(reading), templates)
    names = stage_names(reading, kinds, subjects, adapters, shots, templates)
    stages = read_stages(reading, kinds, names)
    stages = with_picks(reading, stages, [stage.id for stage in stages if kinds[stage.verb].makes_pictures])
    circle = find_cycle(stages)
    outputs = OutputSpec()
    if circle:
        first = next(stage for stage in stages if stage.id in circle)
        turn = circle.index(first.id)
        around = [*circle[turn:-1], *circle[:turn], first.id]
        reading.wrong("cycle", (*first.where, kinds[first.verb].source_key), circle=" → ".join(around))
    else:
        check = StageCheck(
            context=reading,
            stages=stages,
            shots_of=shots_by_stage(stages, shots),
            subjects=subjects,
            kinds=kinds,
            training=names.training,
        )
        check_stages(check, names, adapters)
        check_prompts(check, shots, templates)
        check_triggers(check)
        check_pack_use(check)
        check_unused(check, shots)
        outputs = read_outputs(reading, names, check.shots_of)
    prefix = caption_prefix(reading, subjects)
    texts = [shot.template for shot in shots.values()] + ([] if prefix is None else [prefix])
    texts += [text for stage in endpoint_stages(stages) for text in kinds[stage.verb].templates(stage)]
    environment = environment_used(reading, texts)
    said = reading.recipe
    recipe = Recipe(
        name=said.name,
        path=path,
        provider=said.provider,
        variables=said.vars,
        limits=said.limits,
        privacy=said.privacy,
        subjects=subjects,
        adapters=adapters,
        shots=shots,
        stages=stages,
        outputs=outputs,
        packs=packs_in(templates),
        photo_rules=said.photo_rules if sound else None,
    )
    return recipe, environment
