"""Whether gates can judge what comes to them, and try it again."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.json import JSONValue, as_object
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.model import Gate, Shot, Stage
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.sources import before
from nano_banana.recipe.shown import shown
from nano_banana.recipe.skipping import is_so


def check_gates(reading: Reading, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    """Note takes that there is nothing to compare with, axes that they lack, and new seeds that nobody reads."""
    for stage in stages:
        if stage.gate is not None:
            for shot in drawn[stage.id]:
                _check_compared(reading, stage, shot)
            for name, value in stage.gate.skip.items():
                _check_skip(reading, stage, name, value, drawn[stage.id])
            _check_retries(reading, stage, stage.gate, stages)


def _check_compared(reading: Reading, stage: Stage, shot: Shot) -> None:
    where = (*stage.where, "gate")
    written = reading.section("subjects")
    if "cast" not in as_object(reading.section("shots")[shot.name]):
        reading.wrong("judges_nobody", where, stage=stage.id, shot=shot.name, somebody=reading.somebody)
    for subject in shot.cast:
        if not {"training_set", "references"} & as_object(written[subject]).keys():
            reading.wrong("nothing_to_compare", where, stage=stage.id, subject=subject)


def _check_skip(reading: Reading, stage: Stage, name: str, wanted: JSONValue, shots: list[Shot]) -> None:
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
    elif not any(is_so(value, field, wanted) for value in values):
        reading.warn("skips_nothing", where, name=name, value=shown(wanted))


def _check_retries(reading: Reading, stage: Stage, gate: Gate, stages: list[Stage]) -> None:
    """Another seed makes another picture only where the endpoint reads it."""
    for other in before(stages, stage) if gate.retries else ():
        endpoint = reading.catalog.get(other.endpoint)
        if other.verb == "generate" and endpoint is not None and endpoint.roles.seed is None:
            reading.wrong_key("retry_seedless", (*stage.where, "retry"), endpoint=endpoint.id, stage=other.id)
