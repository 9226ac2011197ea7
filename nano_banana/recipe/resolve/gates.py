"""Gates: the standard of a gate, and its second chances."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONObject, as_items, as_number, as_object, as_text, as_whole
from nano_banana.recipe.model import Gate, Stage, Where
from nano_banana.recipe.resolve.known import Known, adapters_of, prompt_of
from nano_banana.recipe.resolve.masks import mask_file
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.stages.gate import USUAL_LADDER, USUAL_MASK
from nano_banana.stages.standard import Standard

USUAL = Standard()


def read_gate(reading: Reading, known: Known, entry: JSONObject, where: Where) -> Gate:
    """What the gate stage does; thresholds that cross and a repair that can't be are noted."""
    repair = None
    if "repair" in entry:
        repair = _repair(reading, known, as_text(entry["id"]), as_object(entry["repair"]), (*where, "repair"))
    field, values = ("strength", ()) if repair is None else _rungs(reading, repair)
    judge = as_object(entry.get("judge"))
    return Gate(
        standard=_standard(reading, entry, where),
        against=as_text(judge.get("against", "hold_out")),
        every_face=judge.get("every_face") is not False,
        skip=as_object(entry.get("skip_when")),
        retries=as_whole(as_object(entry.get("retry")).get("takes", 0)),
        repair=repair,
        ladder=(field, values),
    )


def _rungs(reading: Reading, repair: Stage) -> tuple[str, tuple[float, ...]]:
    """The ladder's field and values; without a ladder, the strength that `with` says, where that is a number."""
    for field, values in as_object(repair.data["ladder"]).items():
        return field, tuple(as_number(value) for value in as_items(values))
    field = _strength(reading, repair.endpoint)
    said = repair.options.get(field)
    return field, (said,) if isinstance(said, int | float) else ()


def _standard(reading: Reading, entry: JSONObject, where: Where) -> Standard:
    accept, unsure = as_object(entry.get("accept")), as_object(entry.get("unsure"))
    at_least = as_number(accept.get("at_least", USUAL.at_least))
    unsure_from = as_number(unsure.get("at_least", min(USUAL.unsure_from, at_least)))
    if unsure_from > at_least:
        reading.wrong("unsure_above", (*where, "unsure", "at_least"), unsure=unsure_from, accept=at_least)
    calibrate = accept.get("calibrate", True)
    said = calibrate if isinstance(calibrate, Mapping) else {}
    at_most = as_number(said.get("at_most", max(USUAL.at_most, at_least)))
    if at_most < at_least:
        path = (*where, "accept", "calibrate", "at_most")
        reading.wrong("at_most_below", path, at_most=at_most, at_least=at_least)
    return Standard(
        at_least=at_least,
        at_most=at_most,
        quantile=None if calibrate is False else as_number(said.get("quantile", USUAL.quantile)),
        slack=as_number(said.get("slack", USUAL.slack)),
        unsure_from=unsure_from,
        also_reject=frozenset(as_text(kind) for kind in as_items(entry.get("also_reject", tuple(USUAL.also_reject)))),
    )


def _repair(reading: Reading, known: Known, name: str, entry: JSONObject, where: Where) -> Stage:
    """The inpainting as a stage of the gate's id; its `data` holds the mask and the ladder that it has unsaid."""
    endpoint, options = as_text(entry["using"]), as_object(entry.get("with"))
    mask = as_object(entry.get("mask", USUAL_MASK))
    if "assign" in mask:
        reading.wrong_key("assign_in_repair", (*where, "mask", "assign"))
    return Stage(
        id=name,
        verb="inpaint",
        where=where,
        endpoint=endpoint,
        options=options,
        data={**entry, "mask": mask, "ladder": _ladder(reading, entry, endpoint, options)},
        adapters=adapters_of(reading, known, as_object(entry.get("adapters")), where),
        files=mask_file(reading, mask, (*where, "mask")),
        prompt=prompt_of(reading, known, entry.get("prompt"), (*where, "prompt")),
    )


def _ladder(reading: Reading, entry: JSONObject, name: str, options: JSONObject) -> JSONObject:
    """The field to turn up with its values: as written; else the endpoint's strength, where `with` does not say it."""
    if "ladder" in entry:
        return as_object(entry["ladder"])
    endpoint, field = reading.catalog.get(name), _strength(reading, name)
    if endpoint is None or endpoint.roles.strength is None or field in options:
        return {}
    return {field: list(USUAL_LADDER)}


def _strength(reading: Reading, name: str) -> str:
    """The endpoint's field for how much is painted anew."""
    endpoint = reading.catalog.get(name)
    return (endpoint.roles.strength if endpoint is not None else None) or "strength"
