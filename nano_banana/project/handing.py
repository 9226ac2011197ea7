"""Finished pictures handed out under the names that the recipe gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nano_banana.core.news import Watcher
from nano_banana.core.result import Status
from nano_banana.planner.copies import Copy
from nano_banana.project.crediting import signed_marks
from nano_banana.project.parts import kinds
from nano_banana.project.project import Project
from nano_banana.recipe.outputs import Fit
from nano_banana.reports.entries import standing_at
from nano_banana.reports.handout import handed_out, note_fitted, put_out
from nano_banana.reports.record import Picture, Record
from nano_banana.workshop.fitting import Fitted, fitted
from nano_banana.workshop.marking import Marking
from nano_banana.workshop.order import Outcome


def hand_out(project: Project, outcome: Outcome, watch: Watcher, *, prune: bool = False) -> Outcome:
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
    wanted = _pictures(project, outcome)
    fit = export.fit if export else None
    made = _fitted(project, outcome, wanted, fit, watch) if fit else {}
    note_fitted(store, recipe.name, [outcome.folder / each.name for each in made.values()], whole=whole)
    files = [(name, made[name].name if fit else picture.name) for name, (_, picture) in wanted.items()]
    done = put_out(
        store,
        recipe.name,
        {name + Path(file).suffix: outcome.folder / file for name, file in files},
        folder=to,
        packed=packed if whole else None,
        whole=whole,
        prune=prune,
        by=recipe.path.absolute(),
    )
    if fit and fit.crop:
        faceless = sum(fit.around == "face" and not each.faces for each in made.values())
        done = replace(done, enlarged=sum(each.scale > 1 for each in made.values()), faceless=faceless)
    written = {**outcome.written, **{each.name: each.stat for each in made.values()}}
    return replace(outcome, handed=done, written={**written, **done.seen_from(outcome.folder)})


def _fitted(
    project: Project, outcome: Outcome, wanted: Mapping[str, tuple[Record, Picture]], fit: Fit, watch: Watcher
) -> dict[str, Fitted]:
    """The pictures as the recipe wants them handed out, marked as all of the run's."""
    marks = signed_marks(project.recipe, project.settings, project.loaded.files)
    store, name = project.workshop.store, project.recipe.name
    marking = Marking(store, name, outcome.folder, marks, kinds(project.catalog))
    return fitted(project.workshop, marking, outcome.folder, wanted, fit.arguments, watch)


def _pictures(project: Project, outcome: Outcome) -> dict[str, tuple[Record, Picture]]:
    """What is handed out, by name; of a take that has one name by two ways, the one that came further."""
    by_id = {record.id: record for record in outcome.records}
    pictures: dict[str, tuple[Record, Picture]] = {}
    for copy in project.copies:
        record = by_id.get(copy.take)
        picture = None if record is None else picture_at(record, copy)
        if record is not None and picture is not None:
            pictures[copy.name] = (record, picture)
    return pictures


def picture_at(record: Record, copy: Copy) -> Picture | None:
    """The take's very picture at the end of the copy's way; None where it did not come so far, or is not wanted."""
    left = record.left
    if record.status is not Status.DONE or (left is not None and left.stage in copy.way[:-1]):
        return None
    word = next((ruled for ruled in record.verdicts if ruled.last and ruled.stage == copy.gate), None)
    if copy.gate and (word is None or word.ruling not in copy.rulings):
        return None
    return standing_at(record, copy.way[-1])
