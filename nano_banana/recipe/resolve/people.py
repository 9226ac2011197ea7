"""Whether stages can draw their people: by adapter, face or reference."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.json import as_object
from nano_banana.recipe.model import Identity, Shot, Stage, Subject, asking
from nano_banana.recipe.resolve.reading import Reading


def check_people(
    reading: Reading, subjects: Mapping[str, Subject], stages: list[Stage], drawn: Mapping[str, list[Shot]]
) -> None:
    """Note shots whose people a stage can't tell apart, or can't see; warn of strangers who get no face."""
    trained = {stage.id for stage in stages if stage.verb == "train"}
    for stage in asking(stages):
        endpoint = reading.catalog.get(stage.endpoint)
        worn = next((name for name, _ in stage.adapters if name in trained), None)
        for shot in drawn[stage.id]:
            if stage.verb == "generate" and endpoint is not None:
                _check_drawing(reading, stage, endpoint, shot, worn)
                if shot.identity is Identity.REFERENCE:
                    _check_references(reading, stage, endpoint, shot, subjects)
            elif stage.verb == "inpaint":
                _check_painting(reading, stage, shot, worn)
    _check_placed(reading, stages, drawn)


def _check_drawing(reading: Reading, stage: Stage, endpoint: Endpoint, shot: Shot, worn: str | None) -> None:
    """Adapters of several people in one picture give each of them the face of all."""
    if not shot.together or shot.identity is Identity.BY_FACE:
        return
    if worn is not None or (shot.identity is Identity.ADAPTER and endpoint.roles.adapters):
        people = ", ".join(shot.cast)
        at = (*shot.where, "identity" if shot.identity is not Identity.ADAPTER else "cast")
        reading.wrong("several_by_adapter", at, shot=shot.name, stage=stage.id, people=people)


def _check_references(
    reading: Reading, stage: Stage, endpoint: Endpoint, shot: Shot, subjects: Mapping[str, Subject]
) -> None:
    """Photos of everybody in the picture must be there, and find room in one request."""
    roles, where = endpoint.roles, (*stage.where, "using")
    at = (*shot.where, "identity")
    if roles.images is None and roles.image is None:
        reading.wrong("takes_no_references", where, endpoint=endpoint.id, shot=shot.name)
        return
    field = endpoint.field_for(roles.images)
    most = 1 if field is None else field.max_items
    for people in [shot.cast] if shot.together else [(name,) for name in shot.cast]:
        found = sum(len(subjects[name].references) or 1 for name in people) + len(stage.files)
        if most is not None and found > most:
            reading.wrong("too_many_references", where, endpoint=endpoint.id, shot=shot.name, found=found, most=most)
            break
    written = reading.section("subjects")
    for name in shot.cast:
        if not {"references", "training_set"} & as_object(written[name]).keys():
            reading.wrong("no_references", at, shot=shot.name, subject=name)


def _check_painting(reading: Reading, stage: Stage, shot: Shot, worn: str | None) -> None:
    mask = as_object(stage.data.get("mask"))
    where = (*stage.where, "mask")
    if stage.where[-1] == "repair":
        if shot.together and "find" not in mask:
            reading.wrong("repair_of_several", where, shot=shot.name)
    elif "assign" in mask and not shot.together:
        reading.wrong("assign_alone", (*where, "assign"), shot=shot.name)
    elif shot.together and not stage.by_person and worn is not None:
        reading.wrong_key("whose_adapter", (*stage.where, "adapters", worn), shot=shot.name, adapter=worn)


def _check_placed(reading: Reading, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    placing = [stage for stage in stages if stage.verb == "inpaint" and stage.by_person]
    placed = {shot.name for stage in placing for shot in drawn[stage.id]}
    for stage in stages:
        for shot in drawn[stage.id] if stage.verb == "generate" else ():
            if shot.identity is Identity.BY_FACE and shot.together and shot.name not in placed:
                reading.warn("by_face_unplaced", (*shot.where, "identity"), shot=shot.name, stage=stage.id)
