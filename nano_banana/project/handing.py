"""Finished pictures handed out under the names that the recipe gives them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nano_banana.core.result import Status
from nano_banana.planner.copies import Copy
from nano_banana.project.project import Project
from nano_banana.reports.entries import judged_picture
from nano_banana.reports.entries import standing_at
from nano_banana.reports.handout import handed_out
from nano_banana.reports.handout import put_out
from nano_banana.reports.record import Picture
from nano_banana.reports.record import Record
from nano_banana.workshop.order import Outcome


def hand_out(project: Project, outcome: Outcome, *, prune: bool = False) -> Outcome:
    """Copy what came so far to where the recipe wants it, and tell the outcome of it.

    A run of a part hands out nothing: what others of the recipe came to is not known to it. The ZIP is written by runs
    that are done alone: it holds all or nothing. `prune` removes copies of earlier runs that nothing asks for any
    more. Raises Unusable as `put_out` does.
    """
    recipe, store = project.recipe, project.workshop.store
    export = recipe.outputs.export
    if not project.wish.whole:
        return replace(outcome, withheld=export is not None)
    if export is None and not (project.wish.sole and handed_out(store, recipe.name)):
        return outcome
    whole = outcome.status == "done"
    to, packed = export.places(recipe.path.absolute().parent) if export else (None, None)
    done = put_out(
        store,
        recipe.name,
        {name: outcome.folder / picture.name for name, picture in _pictures(project, outcome).items()},
        folder=to,
        packed=packed if whole else None,
        whole=whole,
        prune=prune,
    )
    return replace(outcome, handed=done, written={**outcome.written, **done.seen_from(outcome.folder)})


def _pictures(project: Project, outcome: Outcome) -> dict[str, Picture]:
    """What is handed out, by name; of a take that has one name by two ways, the one that came further."""
    by_id = {record.id: record for record in outcome.records}
    pictures: dict[str, Picture] = {}
    for copy in project.copies:
        record = by_id.get(copy.take)
        picture = None if record is None else picture_at(record, copy)
        if picture is not None:
            pictures[copy.name + Path(picture.name).suffix] = picture
    return pictures


def picture_at(record: Record, copy: Copy) -> Picture | None:
    """The take's very picture at the end of the copy's way; None where it did not come so far, or is not wanted."""
    left = record.left
    if record.status is not Status.DONE or (left is not None and left.stage in copy.way[:-1]):
        return None
    word = next((ruled for ruled in record.verdicts if ruled.last and ruled.stage == copy.gate), None)
    if copy.gate and (word is None or word.ruling not in copy.rulings):
        return None
    stands = standing_at(record, copy.way[-1])
    # A gate refuses a picture without making it one of its own.
    return judged_picture(record, word) if stands is None and word and copy.gate == copy.way[-1] else stands
