"""A contact sheet: what stands on it, ignorant of paper and screens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import as_items, as_object
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.core.result import Status
from nano_banana.project.project import Project
from nano_banana.project.runs import History
from nano_banana.project.sheet.comparing import beside, past_of
from nano_banana.project.sheet.gathering import gather
from nano_banana.project.sheet.layout import Grid, arrange
from nano_banana.project.sheet.shown import Shown, State
from nano_banana.project.sheet.small import Small, thumbnails
from nano_banana.recipe.model import Source
from nano_banana.recipe.outputs import Sheet as Layout
from nano_banana.reports.manifest import MANIFEST
from nano_banana.reports.record import Record
from nano_banana.workshop.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The takes of a recipe's stages, laid out.

    `folder` is where their pictures lie, `show` what is said below each. `lines` are the places in the recipe of its
    shots, templates and stages (`shot/portraits` → `recipe.yaml:41`), `names` what adapters are called, by digest.
    `unchosen` counts the takes that a choice left out, `unmade` those of rows and columns that are left out since
    nothing of them is made. `against` names the run that it is compared with, if any.
    """

    name: str
    folder: Path
    provider: str
    stages: Sequence[str]
    grids: Sequence[Grid]
    show: Sequence[str]
    lines: Mapping[str, str]
    names: Mapping[str, str]
    unchosen: int
    unmade: int
    workshop: Workshop
    against: str = ""

    @property
    def takes(self) -> Iterator[Shown]:
        """All takes on it, as they are read."""
        return (take for grid in self.grids for take in grid.takes)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many takes each state has; only those that there are."""
        found = Counter(take.state for take in self.takes)
        return {state: found[state] for state in State if found[state]}

    def thumbnails(self, takes: Sequence[Shown], side: int, watch: Watcher) -> Iterator[tuple[Shown, Small, Small]]:
        """Takes with small pictures of them as they are and as they were before, by batches."""
        return thumbnails(self.workshop, takes, side, watch)


def sheet_of(
    project: Project,
    records: Iterable[Record],
    *,
    stage: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    against: str = "",
) -> Sheet:
    """The sheet that the recipe asks for, or one of its last pictures; what is said here goes before.

    `records` are takes as `Project.forecast` foresees them; `against` is another run of the recipe, by name. Makes no
    paid call. Raises Invalid where a name is unknown or there is nothing to show.
    """
    records = list(records)
    layout = _layout(project, records, stage, rows, columns)
    failed = {**_failed_before(project.folder / MANIFEST), **_failed_now(records)}
    found = gather(project.recipe, records, layout.sources, folder=project.folder, failed=failed)
    past = past_of(History(project.workshop.store), against, project.recipe.name) if against else None
    takes = beside(found.takes, past) if past else found.takes
    grids = arrange(takes, layout.rows, layout.columns)
    stages = list(dict.fromkeys(source.stage for source in layout.sources))
    if not any(take.picture or take.state is State.FAILED for grid in grids for take in grid.takes):
        kind = "sheet_unchosen" if found.unchosen else "sheet_empty"
        raise Invalid([trouble(kind, recipe=project.recipe.name, stages=stages, takes=len(found.takes))])
    return Sheet(
        name=project.recipe.name,
        folder=project.folder,
        provider=project.provider,
        stages=stages,
        grids=grids,
        show=layout.show,
        lines=_lines(project),
        names=_names(records),
        unchosen=found.unchosen,
        unmade=len(takes) - sum(1 for grid in grids for _ in grid.takes),
        workshop=project.workshop,
        against=past.run if past else "",
    )


def _layout(
    project: Project, records: Sequence[Record], stage: str, rows: Sequence[str], columns: Sequence[str]
) -> Layout:
    drawing = [found.id for found in project.recipe.stages if found.verb != "train"]
    if not drawing:
        raise Invalid([trouble("sheet_no_pictures", recipe=project.recipe.name)])
    if stage and stage not in drawing:
        near = did_you_mean(stage, drawing)
        raise Invalid([trouble("sheet_no_stage", hint=near, name=stage, known=", ".join(drawing))])
    takes = [record for record in records if record.card.kind == "take"]
    axes = {"subject", "shot", "template", "seed", *(axis for take in takes for axis in take.card.axes)}
    for axis in (*rows, *columns):
        if axis not in axes:
            near = did_you_mean(axis, axes)
            raise Invalid([trouble("sheet_no_axis", hint=near, name=axis, known=", ".join(sorted(axes)))])
    layout = project.recipe.outputs.sheet or Layout(sources=_last(records))
    if stage:
        layout = replace(layout, sources=(Source(stage=stage),))
    return replace(layout, rows=tuple(rows), columns=tuple(columns)) if rows or columns else layout


def _last(records: Sequence[Record]) -> tuple[Source, ...]:
    """The stages at which the ways of takes end."""
    ends = dict.fromkeys(record.card.stage for record in records if record.card.kind == "take")
    return tuple(Source(stage=stage) for stage in ends)


def _lines(project: Project) -> Mapping[str, str]:
    recipe, base = project.recipe, str(project.recipe.path.parent)
    wheres = {f"stage/{stage.id}": stage.where for stage in recipe.stages}
    for shot in recipe.shots.values():
        wheres |= {f"shot/{shot.name}": shot.where, f"template/{shot.name}": shot.template.where}
    lines = {}
    for name, where in wheres.items():
        place = project.loaded.nearest(where)
        file = place.file.removeprefix(base).lstrip("/") if base != "." else place.file
        lines[name] = f"{file}:{place.line}"
    return lines


def _names(records: Sequence[Record]) -> Mapping[str, str]:
    return {record.result.digest: record.id for record in records if record.card.kind == "adapter" and record.result}


def _failed_now(records: Sequence[Record]) -> dict[str, Sequence[Problem]]:
    return {record.id: record.problems for record in records if record.status in (Status.FAILED, Status.BLOCKED)}


def _failed_before(manifest: Path) -> dict[str, Sequence[Problem]]:
    """Why takes failed, as the last run wrote it down; nothing where there is no manifest of ours."""
    try:
        with manifest.open(encoding="utf-8") as lines:
            told = [json.JSONDecoder().raw_decode(line.strip())[0] for line in lines if _is_failed(line)]
        return {
            str(entry["id"]): [
                Problem(kind=str(reason["kind"]), data=dict(reason))
                for reason in map(as_object, as_items(entry["reasons"]))
            ]
            for entry in told
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_failed(line: str) -> bool:
    """Whether a line of the manifest is a take that failed: each has one of its own, and most are never parsed."""
    return line.startswith("  {") and ('"status": "failed"' in line or '"status": "blocked"' in line)
