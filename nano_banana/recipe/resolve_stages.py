"""Resolves stages: endpoints, sources, adapters, masks and gates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object, as_text, as_whole
from nano_banana.model.problem import Position, Problem, did_you_mean
from nano_banana.recipe.axis_values import AxisValue, value_matches
from nano_banana.recipe.picks import read_keep
from nano_banana.recipe.prompts import EVERYTHING, find_prompt
from nano_banana.recipe.recipe_model import (
    CollectionRef,
    ExistingAdapter,
    GateRules,
    KeyPath,
    Shot,
    Stage,
    Subject,
    TemplateText,
    endpoint_stages,
)
from nano_banana.recipe.resolve_context import ResolveContext, known_names_in
from nano_banana.recipe.resolve_shots import read_sources, shots_for_stage, stages_before
from nano_banana.recipe.resolve_subjects import existing_file, existing_picture, existing_pictures
from nano_banana.recipe.validate import short_value
from nano_banana.stages.gate_stage import DEFAULT_REPAIR_LADDER, DEFAULT_REPAIR_MASK, AcceptanceCriteria
from nano_banana.stages.inpaint_stage import FIND_SCHEMA, MASK_SHAPES
from nano_banana.stages.stage_registry import STAGE_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNames:
    """The names that stages may refer to; `verbs` are the stages' own, by id."""

    subjects: Mapping[str, Subject]
    adapters: Mapping[str, ExistingAdapter]
    shots: Mapping[str, Shot]
    templates: Mapping[str, TemplateText]
    verbs: Mapping[str, str]


def read_stage_adapters(
    reading: ResolveContext, known: StageNames, data: JSONObject, where: KeyPath
) -> tuple[tuple[str, float], ...]:
    """The stage's adapters with their scales. One whose file is missing has a problem of its own."""
    trained = [name for name, verb in known.verbs.items() if verb == "train"]
    names = [*trained, *reading.section("adapters")]
    found = []
    for name, scale in data.items():
        if name not in names:
            near = did_you_mean(name, names)
            listed = ", ".join(names) or "none"
            reading.wrong_key("unknown_adapter", (*where, "adapters", name), hints=near, name=name, known=listed)
        elif name in trained or name in known.adapters:
            found.append((name, as_number(scale)))
    return tuple(found)


def read_stage_prompt(
    reading: ResolveContext, known: StageNames, value: JSONValue, where: KeyPath
) -> TemplateText | None:
    """The stage's own prompt, where it has one."""
    return None if value is None else find_prompt(reading, as_text(value), known.templates, where)


def read_mask_file(reading: ResolveContext, mask: JSONObject, where: KeyPath) -> Mapping[str, Path]:
    """The file of a mask that is one, as `mask`; a mask of no shape or of several is noted."""
    shapes = [shape for shape in MASK_SHAPES if shape in mask]
    if len(shapes) != 1:
        found = " and ".join(f"`{shape}`" for shape in shapes) or "none"
        reading.wrong_key("mask_shapes", where, found=found, shapes=", ".join(MASK_SHAPES))
    for shape in ("box", "ellipse"):
        corners = [as_number(value) for value in as_items(mask.get(shape))]
        if corners and (corners[0] >= corners[2] or corners[1] >= corners[3]):
            reading.wrong("mask_inside_out", (*where, shape), shape=shape)
    for key in FIND_SCHEMA.keys() & mask.keys() if "find" not in mask else ():
        reading.wrong_key("only_with", (*where, key), key=key, needs="find")
    if mask.get("assign") == "cast" and mask.get("find", "face") != "face":
        reading.wrong("assign_not_faces", (*where, "find"), part=str(mask["find"]))
    if "file" not in mask:
        return {}
    path = existing_picture(reading, as_text(mask["file"]), (*where, "file"))
    return {} if path is None else {"mask": path}


DEFAULT_CRITERIA = AcceptanceCriteria()


def read_gate(reading: ResolveContext, known: StageNames, entry: JSONObject, where: KeyPath) -> GateRules:
    """What the gate stage does; thresholds that cross and a repair that can't be are noted."""
    repair = None
    if "repair" in entry:
        repair = _read_repair(reading, known, as_text(entry["id"]), as_object(entry["repair"]), (*where, "repair"))
    field, values = ("strength", ()) if repair is None else _ladder_steps(reading, repair)
    judge = as_object(entry.get("judge"))
    return GateRules(
        standard=_read_criteria(reading, entry, where),
        against=as_text(judge.get("against", "hold_out")),
        every_face=judge.get("every_face") is not False,
        skip=as_object(entry.get("skip_when")),
        retries=as_whole(as_object(entry.get("retry")).get("takes", 0)),
        repair=repair,
        ladder=(field, values),
    )


def _ladder_steps(reading: ResolveContext, repair: Stage) -> tuple[str, tuple[float, ...]]:
    """The ladder's field and values; without a ladder, the strength that `with` says, where that is a number."""
    for field, values in as_object(repair.data["ladder"]).items():
        return field, tuple(as_number(value) for value in as_items(values))
    field = _strength_field(reading, repair.endpoint)
    said = repair.options.get(field)
    return field, (said,) if isinstance(said, int | float) else ()


def _read_criteria(reading: ResolveContext, entry: JSONObject, where: KeyPath) -> AcceptanceCriteria:
    accept, unsure = as_object(entry.get("accept")), as_object(entry.get("unsure"))
    at_least = as_number(accept.get("at_least", DEFAULT_CRITERIA.at_least))
    unsure_from = as_number(unsure.get("at_least", min(DEFAULT_CRITERIA.unsure_from, at_least)))
    if unsure_from > at_least:
        reading.wrong("unsure_above", (*where, "unsure", "at_least"), unsure=unsure_from, accept=at_least)
    calibrate = accept.get("calibrate", True)
    said = calibrate if isinstance(calibrate, Mapping) else {}
    at_most = as_number(said.get("at_most", max(DEFAULT_CRITERIA.at_most, at_least)))
    if at_most < at_least:
        path = (*where, "accept", "calibrate", "at_most")
        reading.wrong("at_most_below", path, at_most=at_most, at_least=at_least)
    return AcceptanceCriteria(
        at_least=at_least,
        at_most=at_most,
        quantile=None if calibrate is False else as_number(said.get("quantile", DEFAULT_CRITERIA.quantile)),
        slack=as_number(said.get("slack", DEFAULT_CRITERIA.slack)),
        unsure_from=unsure_from,
        also_reject=frozenset(
            as_text(kind) for kind in as_items(entry.get("also_reject", tuple(DEFAULT_CRITERIA.also_reject)))
        ),
    )


def _read_repair(reading: ResolveContext, known: StageNames, name: str, entry: JSONObject, where: KeyPath) -> Stage:
    """The inpainting as a stage of the gate's id; its `data` holds the mask and the ladder that it has unsaid."""
    endpoint, options = as_text(entry["using"]), as_object(entry.get("with"))
    mask = as_object(entry.get("mask", DEFAULT_REPAIR_MASK))
    if "assign" in mask:
        reading.wrong_key("assign_in_repair", (*where, "mask", "assign"))
    return Stage(
        id=name,
        verb="inpaint",
        where=where,
        endpoint=endpoint,
        options=options,
        data={**entry, "mask": mask, "ladder": _default_ladder(reading, entry, endpoint, options)},
        adapters=read_stage_adapters(reading, known, as_object(entry.get("adapters")), where),
        files=read_mask_file(reading, mask, (*where, "mask")),
        prompt=read_stage_prompt(reading, known, entry.get("prompt"), (*where, "prompt")),
    )


def _default_ladder(reading: ResolveContext, entry: JSONObject, name: str, options: JSONObject) -> JSONObject:
    """The field to turn up with its values: as written; else the endpoint's strength, where `with` does not say it."""
    if "ladder" in entry:
        return as_object(entry["ladder"])
    endpoint, field = reading.catalog.get(name), _strength_field(reading, name)
    if endpoint is None or endpoint.roles.strength is None or field in options:
        return {}
    return {field: list(DEFAULT_REPAIR_LADDER)}


def _strength_field(reading: ResolveContext, name: str) -> str:
    """The endpoint's field for how much is painted anew."""
    endpoint = reading.catalog.get(name)
    return (endpoint.roles.strength if endpoint is not None else None) or "strength"


def read_stages(reading: ResolveContext, known: StageNames) -> list[Stage]:
    """Every stage in the order written; what it refers to must be there."""
    entries = [as_object(entry) for entry in as_items(reading.document.data.get("stages"))]
    return [_read_stage(reading, known, entry, ("stages", at)) for at, entry in enumerate(entries)]


def verbs_of(reading: ResolveContext) -> Mapping[str, str]:
    """What each stage does, by its id; ids that are there twice are noted."""
    verbs: dict[str, str] = {}
    for at, item in enumerate(as_items(reading.document.data.get("stages"))):
        entry = as_object(item)
        name = as_text(entry["id"])
        if name in verbs:
            reading.wrong("repeated_id", ("stages", at, "id"), id=name)
        if _verb_of(entry) == "train" and name in reading.section("adapters"):
            reading.wrong("adapter_twice", ("stages", at, "id"), name=name)
        verbs.setdefault(name, _verb_of(entry))
    return verbs


def _verb_of(entry: JSONObject) -> str:
    return next(verb for verb in STAGE_KINDS if verb in entry)


def input_key(verb: str) -> str:
    """The key of a stage that names what it works on."""
    return "each" if verb == "call" else verb


def _read_stage(reading: ResolveContext, known: StageNames, entry: JSONObject, where: KeyPath) -> Stage:
    verb = _verb_of(entry)
    field = input_key(verb)
    subjects: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    sources: tuple[CollectionRef, ...] = ()
    if verb == "train":
        subjects = _subjects_named(reading, "subject", entry[verb], known.subjects, (*where, verb))
        _check_photos(reading, subjects, (*where, verb))
    elif verb in {"generate", "open"}:
        shots = shots_for_stage(reading, verb, entry[verb], known.shots, (*where, verb))
    else:
        sources = read_sources(reading, entry[field], known.verbs, (*where, field))
    return Stage(
        id=as_text(entry["id"]),
        verb=verb,
        where=where,
        endpoint=as_text(entry.get("call" if verb == "call" else "using", "")),
        options=as_object(entry.get("with")),
        data=entry,
        subjects=subjects,
        shots=shots,
        sources=sources,
        adapters=read_stage_adapters(reading, known, as_object(entry.get("adapters")), where),
        files=_read_files(reading, verb, entry, where),
        prompt=read_stage_prompt(reading, known, entry.get("prompt"), (*where, "prompt")),
        gate=read_gate(reading, known, entry, where) if verb == "gate" else None,
        keep=read_keep(entry) if verb == "choose" else None,
    )


def _subjects_named(
    reading: ResolveContext, what: str, value: JSONValue, known: Mapping[str, object], where: KeyPath
) -> tuple[str, ...]:
    return tuple(known) if value == EVERYTHING else known_names_in(reading, what, value, known, where)


def _check_photos(reading: ResolveContext, subjects: tuple[str, ...], where: KeyPath) -> None:
    for name in subjects:
        if "training_set" not in as_object(reading.section("subjects")[name]):
            reading.wrong("no_training_set", where, subject=name)


def _read_files(reading: ResolveContext, verb: str, entry: JSONObject, where: KeyPath) -> Mapping[str, Path]:
    if verb == "generate":
        return existing_pictures(reading, entry.get("images"), (*where, "images"))
    if verb == "call":
        files = {}
        for field, path in as_object(entry.get("files")).items():
            found = existing_file(reading, as_text(path), (*where, "files", field))
            if found is not None:
                files[field] = found
        return files
    if verb == "inpaint":
        mask = as_object(entry["mask"])
        if "redraws" in entry and "assign" not in mask:
            reading.wrong_key("only_with", (*where, "redraws"), key="redraws", needs="assign")
        return read_mask_file(reading, mask, (*where, "mask"))
    return {}


def find_cycle(stages: list[Stage]) -> list[str]:
    """The ids of stages that wait for one another in a circle, the first one again at the end; or nothing."""
    after = {stage.id: [source.stage for source in stage.sources] for stage in stages}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []


def check_gates(reading: ResolveContext, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    """Note takes that there is nothing to compare with, axes that they lack, and new seeds that nobody reads."""
    for stage in stages:
        if stage.gate is not None:
            for shot in drawn[stage.id]:
                _check_comparable(reading, stage, shot)
            for name, value in stage.gate.skip.items():
                _check_skip(reading, stage, name, value, drawn[stage.id])
            _check_retries(reading, stage, stage.gate, stages)


def _check_comparable(reading: ResolveContext, stage: Stage, shot: Shot) -> None:
    where = (*stage.where, "gate")
    written = reading.section("subjects")
    if "cast" not in as_object(reading.section("shots")[shot.name]):
        reading.wrong("judges_nobody", where, stage=stage.id, shot=shot.name, somebody=reading.somebody)
    for subject in shot.cast:
        if not {"training_set", "references"} & as_object(written[subject]).keys():
            reading.wrong("nothing_to_compare", where, stage=stage.id, subject=subject)


def _check_skip(reading: ResolveContext, stage: Stage, name: str, wanted: JSONValue, shots: list[Shot]) -> None:
    axis, _, field = name.partition(".")
    values: list[AxisValue] = [value for shot in shots for value in shot.matrix.get(axis, ())]
    where = (*stage.where, "skip_when", name)
    if not values:
        axes = dict.fromkeys(known for shot in shots for known in shot.matrix)
        near = tuple(f"{found}.{field}" if field else found for found in did_you_mean(axis, axes))
        reading.wrong_key("skip_unknown_axis", where, hints=near, name=axis, known=", ".join(axes) or "none")
        return
    fields = dict.fromkeys(known for value in values for known in value.fields)
    if field and field != "key" and field not in fields:
        near = tuple(f"{axis}.{found}" for found in did_you_mean(field, fields))
        listed = ", ".join(f"{axis}.{known}" for known in fields) or "none"
        reading.wrong_key("skip_unknown_field", where, hints=near, axis=axis, name=field, known=listed)
    elif not any(value_matches(value, field, wanted) for value in values):
        reading.warn("skips_nothing", where, name=name, value=short_value(wanted))


def _check_retries(reading: ResolveContext, stage: Stage, gate: GateRules, stages: list[Stage]) -> None:
    """Another seed makes another picture only where the endpoint reads it."""
    for other in stages_before(stages, stage) if gate.retries else ():
        endpoint = reading.catalog.get(other.endpoint)
        if other.verb == "generate" and endpoint is not None and endpoint.roles.seed is None:
            reading.wrong_key("retry_seedless", (*stage.where, "retry"), endpoint=endpoint.id, stage=other.id)


CHANGING_VERBS = frozenset(("upscale", "restore", "inpaint", "call"))
"""The verbs that make other pixels."""


def check_mark_order(reading: ResolveContext, stages: list[Stage]) -> None:
    """Warn of stages that change pictures in which an invisible mark is already."""
    for stage in stages:
        marked = [other for other in stages_before(stages, stage) if other.verb == "mark"]
        if stage.verb in CHANGING_VERBS and marked:
            reading.warn("mark_not_last", stage.where, stage=stage.id, mark=marked[0].id)


UNUSED_KINDS = frozenset({"template_unused", "shot_unused", "adapter_unused", "no_stages"})
"""Warnings that say little beside an error: what seems unused may be what an unknown name meant."""


def check_unused(reading: ResolveContext, shots: Mapping[str, Shot], stages: Iterable[Stage]) -> None:
    """Warn of shots that no stage draws, of trainings that no stage draws with, and of a recipe without work.

    A recipe that only trains is one; what another file holds is there for other recipes too.
    """
    stages = list(stages)
    if not stages:
        _warn_unused(reading, "no_stages", reading.document.key_place(("name",)), "")
        return
    drawn = {shot for stage in stages for shot in stage.shots}
    for name, shot in shots.items():
        if name not in drawn:
            _warn_unused(reading, "shot_unused", reading.document.key_place(shot.where), name)
    worn = {name for stage in endpoint_stages(stages) for name, _ in stage.adapters}
    for stage in stages:
        if stage.verb == "train" and stage.id not in worn and drawn:
            _warn_unused(reading, "adapter_unused", reading.document.nearest((*stage.where, "id")), stage.id)


def _warn_unused(reading: ResolveContext, kind: str, place: Position, name: str) -> None:
    if place.file == reading.document.texts.shown:
        reading.add(Problem(kind=kind, position=place, data={"name": name}, warning=True))
