"""Stages: their endpoints, sources, adapters and files, each looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError
from graphlib import TopologicalSorter
from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_items
from nano_banana.core.json import as_number
from nano_banana.core.json import as_object
from nano_banana.core.json import as_text
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.model import AdapterFile
from nano_banana.recipe.model import Shot
from nano_banana.recipe.model import Source
from nano_banana.recipe.model import Stage
from nano_banana.recipe.model import Subject
from nano_banana.recipe.model import Text
from nano_banana.recipe.model import Where
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.prompts import find_text
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.shots import names_in
from nano_banana.recipe.resolve.subjects import existing
from nano_banana.recipe.resolve.subjects import existing_picture
from nano_banana.recipe.resolve.subjects import pictures_of
from nano_banana.stages.inpaint import SHAPES
from nano_banana.stages.registry import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names that stages may refer to."""

    subjects: Mapping[str, Subject]
    adapters: Mapping[str, AdapterFile]
    shots: Mapping[str, Shot]
    templates: Mapping[str, Text]


def read_stages(reading: Reading, known: Known) -> list[Stage]:
    """Every stage in the order written; what it refers to must be there."""
    entries = [as_object(entry) for entry in as_items(reading.document.data.get("stages"))]
    verbs: dict[str, str] = {}
    for at, entry in enumerate(entries):
        name = as_text(entry["id"])
        if name in verbs:
            reading.wrong("repeated_id", ("stages", at, "id"), id=name)
        if _verb(entry) == "train" and name in reading.section("adapters"):
            reading.wrong("adapter_twice", ("stages", at, "id"), name=name)
        verbs.setdefault(name, _verb(entry))
    return [_stage(reading, known, entry, verbs, ("stages", at)) for at, entry in enumerate(entries)]


def _verb(entry: JSONObject) -> str:
    return next(verb for verb in KINDS if verb in entry)


def _stage(reading: Reading, known: Known, entry: JSONObject, verbs: Mapping[str, str], where: Where) -> Stage:
    verb = _verb(entry)
    subjects: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    if verb == "train":
        subjects = _some(reading, "subject", entry[verb], known.subjects, (*where, verb))
        _check_photos(reading, subjects, (*where, verb))
    elif verb == "generate":
        named = _some(reading, "shot", entry[verb], reading.section("shots"), (*where, verb))
        shots = tuple(name for name in named if name in known.shots)
    else:
        field = "each" if verb == "call" else verb
        sources = _sources(reading, entry[field], verbs, (*where, field))
    return Stage(
        id=as_text(entry["id"]),
        verb=verb,
        where=where,
        endpoint=as_text(entry["call" if verb == "call" else "using"]),
        options=as_object(entry.get("with")),
        data=entry,
        subjects=subjects,
        shots=shots,
        sources=sources,
        adapters=_adapters(reading, known, as_object(entry.get("adapters")), verbs, where),
        files=_files(reading, verb, entry, where),
        prompt=_prompt(reading, known, entry.get("prompt"), (*where, "prompt")),
    )


def _some(reading: Reading, what: str, value: JSONValue, known: Mapping[str, object], where: Where) -> tuple[str, ...]:
    return tuple(known) if value == ALL else names_in(reading, what, value, known, where)


def _check_photos(reading: Reading, subjects: tuple[str, ...], where: Where) -> None:
    for name in subjects:
        if "training_set" not in as_object(reading.section("subjects")[name]):
            reading.wrong("no_training_set", where, subject=name)


def _sources(reading: Reading, value: JSONValue, verbs: Mapping[str, str], where: Where) -> tuple[Source, ...]:
    drawn = [name for name, verb in verbs.items() if verb != "train"]
    sources = []
    for at, item in enumerate(as_items(value)):
        place = where if isinstance(value, str) else (*where, at)
        stage, _, shot = as_text(item).partition(".")
        if reading.known("stage with pictures", stage, drawn, place) and (
            not shot or reading.known("shot", shot, reading.section("shots"), place)
        ):
            sources.append(Source(stage=stage, shot=shot))
    return tuple(sources)


def _adapters(
    reading: Reading, known: Known, data: JSONObject, verbs: Mapping[str, str], where: Where
) -> tuple[tuple[str, float], ...]:
    """Names with their scales. One whose file is missing has a problem of its own."""
    trained = [name for name, verb in verbs.items() if verb == "train"]
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


def _files(reading: Reading, verb: str, entry: JSONObject, where: Where) -> Mapping[str, Path]:
    if verb == "generate":
        return pictures_of(reading, entry.get("images"), (*where, "images"))
    if verb == "call":
        files = {}
        for field, path in as_object(entry.get("files")).items():
            found = existing(reading, as_text(path), (*where, "files", field))
            if found is not None:
                files[field] = found
        return files
    if verb == "inpaint":
        return _mask_file(reading, as_object(entry["mask"]), (*where, "mask"))
    return {}


def _mask_file(reading: Reading, mask: JSONObject, where: Where) -> Mapping[str, Path]:
    shapes = [shape for shape in SHAPES if shape in mask]
    if len(shapes) != 1:
        found = " and ".join(f"`{shape}`" for shape in shapes) or "none"
        reading.wrong_key("mask_shapes", where, found=found, shapes=", ".join(SHAPES))
    for shape in ("box", "ellipse"):
        corners = [as_number(value) for value in as_items(mask.get(shape))]
        if corners and (corners[0] >= corners[2] or corners[1] >= corners[3]):
            reading.wrong("mask_inside_out", (*where, shape), shape=shape)
    if "file" not in mask:
        return {}
    path = existing_picture(reading, as_text(mask["file"]), (*where, "file"))
    return {} if path is None else {"mask": path}


def _prompt(reading: Reading, known: Known, value: JSONValue, where: Where) -> Text | None:
    return None if value is None else find_text(reading, as_text(value), known.templates, where)


def find_cycle(stages: list[Stage]) -> list[str]:
    """The ids of stages that wait for one another in a circle, the first one again at the end; or nothing."""
    after = {stage.id: [source.stage for source in stage.sources] for stage in stages}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []
