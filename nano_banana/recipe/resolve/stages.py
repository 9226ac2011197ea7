"""Stages: their endpoints, sources, adapters and files, each looked up."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object, as_text
from nano_banana.recipe.model import Source, Stage, Where
from nano_banana.recipe.resolve.choices import read_keep
from nano_banana.recipe.resolve.gates import read_gate
from nano_banana.recipe.resolve.known import Known, adapters_of, prompt_of
from nano_banana.recipe.resolve.masks import mask_file
from nano_banana.recipe.resolve.opened import shots_for
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.reading import Reading, names_in
from nano_banana.recipe.resolve.sources import read_sources
from nano_banana.recipe.resolve.subjects import existing, pictures_of
from nano_banana.stages.registry import KINDS


def read_stages(reading: Reading, known: Known) -> list[Stage]:
    """Every stage in the order written; what it refers to must be there."""
    entries = [as_object(entry) for entry in as_items(reading.document.data.get("stages"))]
    return [_stage(reading, known, entry, ("stages", at)) for at, entry in enumerate(entries)]


def verbs_of(reading: Reading) -> Mapping[str, str]:
    """What each stage does, by its id; ids that are there twice are noted."""
    verbs: dict[str, str] = {}
    for at, item in enumerate(as_items(reading.document.data.get("stages"))):
        entry = as_object(item)
        name = as_text(entry["id"])
        if name in verbs:
            reading.wrong("repeated_id", ("stages", at, "id"), id=name)
        if _verb(entry) == "train" and name in reading.section("adapters"):
            reading.wrong("adapter_twice", ("stages", at, "id"), name=name)
        verbs.setdefault(name, _verb(entry))
    return verbs


def _verb(entry: JSONObject) -> str:
    return next(verb for verb in KINDS if verb in entry)


def field_of(verb: str) -> str:
    """The key of a stage that names what it works on."""
    return "each" if verb == "call" else verb


def _stage(reading: Reading, known: Known, entry: JSONObject, where: Where) -> Stage:
    verb = _verb(entry)
    field = field_of(verb)
    subjects: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    if verb == "train":
        subjects = _some(reading, "subject", entry[verb], known.subjects, (*where, verb))
        _check_photos(reading, subjects, (*where, verb))
    elif verb in {"generate", "open"}:
        shots = shots_for(reading, verb, entry[verb], known.shots, (*where, verb))
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
        adapters=adapters_of(reading, known, as_object(entry.get("adapters")), where),
        files=_files(reading, verb, entry, where),
        prompt=prompt_of(reading, known, entry.get("prompt"), (*where, "prompt")),
        gate=read_gate(reading, known, entry, where) if verb == "gate" else None,
        keep=read_keep(entry) if verb == "choose" else None,
    )


def _some(reading: Reading, what: str, value: JSONValue, known: Mapping[str, object], where: Where) -> tuple[str, ...]:
    return tuple(known) if value == ALL else names_in(reading, what, value, known, where)


def _check_photos(reading: Reading, subjects: tuple[str, ...], where: Where) -> None:
    for name in subjects:
        if "training_set" not in as_object(reading.section("subjects")[name]):
            reading.wrong("no_training_set", where, subject=name)


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
        mask = as_object(entry["mask"])
        if "redraws" in entry and "assign" not in mask:
            reading.wrong_key("only_with", (*where, "redraws"), key="redraws", needs="assign")
        return mask_file(reading, mask, (*where, "mask"))
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
