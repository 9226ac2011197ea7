"""Finished pictures handed out under the names that the recipe gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.core.result import Status
from nano_banana.core.verdict import Ruling
from nano_banana.project.project import Project
from nano_banana.reports.entries import standing_at
from nano_banana.reports.handout import put_out
from nano_banana.reports.record import Picture
from nano_banana.reports.record import Record
from nano_banana.workshop.order import Outcome


def hand_out(project: Project, outcome: Outcome) -> Outcome:
    """Copy what came so far to where the recipe wants it, and tell the outcome of it.

    The ZIP is written by whole runs alone: it holds all or nothing. Raises Unusable as `put_out` does.
    """
    recipe = project.recipe
    export = recipe.outputs.export
    if export is None:
        return outcome
    whole = project.wish.whole and outcome.status == "done"
    by_id = {record.id: record for record in outcome.records}
    pictures: dict[str, Path] = {}
    for copy in project.copies:
        record = by_id.get(copy.take)
        picture = None if record is None else picture_at(record, copy.way, copy.ruling)
        if picture is not None:
            pictures[copy.name + Path(picture.name).suffix] = outcome.folder / picture.name
    to, packed = export.places(recipe.path.absolute().parent)
    done = put_out(
        project.workshop.store, recipe.name, pictures, folder=to, packed=packed if whole else None, whole=whole
    )
    return replace(outcome, handed=done, written={**outcome.written, **done.seen_from(outcome.folder)})


def picture_at(record: Record, way: Sequence[str], ruling: str = "") -> Picture | None:
    """The picture with which a take came to the end of the stages `way`; None where it did not come so far.

    `ruling` is the only word of the last of them, a gate, that is wanted; else any but a refusal.
    """
    if record.status is not Status.DONE:
        return None
    word = next((ruled for ruled in record.verdicts if ruled.last and ruled.stage == way[-1]), None)
    stopped = record.left is not None and record.left.stage in way
    if ruling:
        # A refused picture goes nowhere, but may be asked for by that name.
        before = record.left is not None and record.left.stage in way[:-1]
        if before or word is None or str(word.ruling) != ruling:
            return None
    elif stopped or (word is not None and word.ruling is Ruling.REJECTED):
        return None
    found = (standing_at(record, stage) for stage in reversed(way))
    return next((picture for picture in found if picture is not None), None)
