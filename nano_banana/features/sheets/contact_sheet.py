"""A contact sheet's content, also beside an earlier run; no layout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.features.sheets.sheet_takes import (
    STATE_OF_RULING,
    SheetGrid,
    SheetTake,
    TakeBefore,
    TakeState,
    Thumbnail,
    arrange_grids,
    gather_takes,
    sheet_thumbnails,
)
from nano_banana.model.call import Blob
from nano_banana.model.event import EventHandler
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import Invalid, Problem, Unusable, did_you_mean, problem
from nano_banana.recipe.recipe_model import CollectionRef
from nano_banana.recipe.recipe_model import SheetSpec as Layout
from nano_banana.session.history import History
from nano_banana.session.manifest import MANIFEST
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.run_snapshot import KeptCall, KeptPicture, KeptTake
from nano_banana.session.session import Session
from nano_banana.session.store_runner import Runner
from nano_banana.stages.stage_registry import kind_of


class PastRun(Struct, frozen=True, kw_only=True):
    """What a run came to, and what the store has of it still."""

    run: str
    by_id: Mapping[str, KeptTake]
    by_slot: Mapping[str, KeptTake]
    history: History

    def of(self, take: SheetTake) -> KeptTake | None:
        """The take as it was then; one whose seed was changed is known by its place."""
        return self.by_id.get(take.record.id) or self.by_slot.get(take.card.slot)

    def bytes_of(self, picture: KeptPicture) -> Blob | None:
        """A picture of then; None where its bytes are gone."""
        blob = Blob(digest=picture.digest, size=0, media="image/png")
        try:
            self.history.store.blobs.path(blob)
        except Unusable:
            return None
        return blob


def past_run(history: History, name: str, recipe: str) -> PastRun:
    """A run of the recipe by its name, as `History.find` takes it. Raises Invalid where it is not known any more."""
    run = history.find(name, recipe)
    takes = history.snapshot(run).takes
    return PastRun(
        run=run.id,
        by_id={take.id: take for take in takes},
        by_slot={take.card.slot: take for take in takes},
        history=history,
    )


def beside_past(takes: Iterable[SheetTake], past: PastRun) -> list[SheetTake]:
    """The takes, with what they were in that run; of one that was not in it nothing is known."""
    pairs = [(take, past.of(take)) for take in takes]
    changed = [(take, then) for take, then in pairs if then and _differs(take, then)]
    keys = [call.key for _, then in changed for call in then.calls]
    documents = past.history.documents(keys)
    return [
        take if then is None else replace(take, before=_take_before(take, then, past, documents))
        for take, then in pairs
    ]


def _take_before(take: SheetTake, then: KeptTake, past: PastRun, documents: Mapping[str, JSONObject]) -> TakeBefore:
    picture, differs = _past_picture(then, take.stage), _differs(take, then)
    there = past.bytes_of(picture) if picture is not None and differs else None
    return TakeBefore(
        state=_past_state(then),
        picture=there,
        gone=picture is not None and differs and there is None,
        differs=differs,
        score=then.score,
        seed=then.card.seed,
        cost_usd=None if then.unpriced else then.cost_usd,
        made=_known_calls(then.calls, documents) if differs else (),
    )


def _known_calls(calls: Sequence[KeptCall], documents: Mapping[str, JSONObject]) -> list[JSONObject]:
    return [{**documents[call.key], "stage": call.stage} for call in calls if call.key in documents]


def _differs(take: SheetTake, then: KeptTake) -> bool:
    picture = _past_picture(then, take.stage)
    now = None if take.picture is None else take.picture.digest
    return (None if picture is None else picture.digest) != now


def _past_picture(then: KeptTake, stage: str) -> KeptPicture | None:
    """The stage's picture, of the attempt that stood at the end; else the furthest that the take came."""
    if not then.pictures:
        return None
    last = then.pictures[-1]
    here = [picture for picture in then.pictures if picture.stage == stage]
    standing = [picture for picture in here if picture.attempt == last.attempt]
    # A gate hands on what it lets through as its own picture, whichever try that was.
    passed = {picture.digest for picture in then.pictures if picture.stage != stage}
    handed = [picture for picture in here if picture.digest in passed]
    return [last, *here, *standing, *handed][-1]


def _past_state(then: KeptTake) -> TakeState:
    if then.status in (NodeStatus.FAILED, NodeStatus.BLOCKED):
        return TakeState.FAILED
    if then.verdict is not None:
        return STATE_OF_RULING[Ruling(then.verdict.ruling)]
    return TakeState.DONE if then.pictures else TakeState.MISSING


class ContactSheet(Struct, frozen=True, kw_only=True):
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
    grids: Sequence[SheetGrid]
    show: Sequence[str]
    lines: Mapping[str, str]
    names: Mapping[str, str]
    unchosen: int
    unmade: int
    workshop: Runner
    against: str = ""

    @property
    def takes(self) -> Iterator[SheetTake]:
        """All takes on it, as they are read."""
        return (take for grid in self.grids for take in grid.takes)

    @property
    def counts(self) -> Mapping[TakeState, int]:
        """How many takes each state has; only those that there are."""
        found = Counter(take.state for take in self.takes)
        return {state: found[state] for state in TakeState if found[state]}

    def thumbnails(
        self, takes: Sequence[SheetTake], side: int, on_event: EventHandler
    ) -> Iterator[tuple[SheetTake, Thumbnail, Thumbnail]]:
        """Takes with small pictures of them as they are and as they were before, by batches."""
        return sheet_thumbnails(self.workshop, takes, side, on_event)


def make_sheet(
    project: Session,
    records: Iterable[NodeRecord],
    *,
    stage: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    against: str = "",
) -> ContactSheet:
    """The sheet that the recipe asks for, or one of its last pictures; what is said here goes before.

    `records` are takes as `Project.forecast` foresees them; `against` is another run of the recipe, by name. Makes no
    paid call. Raises Invalid where a name is unknown or there is nothing to show.
    """
    records = list(records)
    layout = _layout(project, records, stage, rows, columns)
    failed = {**failed_before(project.folder / MANIFEST), **failed_now(records)}
    found = gather_takes(project.recipe, records, layout.sources, folder=project.folder, failed=failed)
    past = past_run(History(project.runner.store), against, project.recipe.name) if against else None
    takes = beside_past(found.takes, past) if past else found.takes
    grids = arrange_grids(takes, layout.rows, layout.columns)
    stages = list(dict.fromkeys(source.stage for source in layout.sources))
    if not any(take.picture or take.state is TakeState.FAILED for grid in grids for take in grid.takes):
        kind = "sheet_unchosen" if found.unchosen else "sheet_empty"
        raise Invalid([problem(kind, recipe=project.recipe.name, stages=stages, takes=len(found.takes))])
    return ContactSheet(
        name=project.recipe.name,
        folder=project.folder,
        provider=project.provider,
        stages=stages,
        grids=grids,
        show=layout.show,
        lines=_recipe_lines(project),
        names=_adapter_names(records),
        unchosen=found.unchosen,
        unmade=len(takes) - sum(1 for grid in grids for _ in grid.takes),
        workshop=project.runner,
        against=past.run if past else "",
    )


def _layout(
    project: Session, records: Sequence[NodeRecord], stage: str, rows: Sequence[str], columns: Sequence[str]
) -> Layout:
    drawing = [found.id for found in project.recipe.stages if kind_of(found).makes_pictures]
    if not drawing:
        raise Invalid([problem("sheet_no_pictures", recipe=project.recipe.name)])
    if stage and stage not in drawing:
        near = did_you_mean(stage, drawing)
        raise Invalid([problem("sheet_no_stage", suggestions=near, name=stage, known=", ".join(drawing))])
    takes = [record for record in records if record.card.kind == "take"]
    axes = {"subject", "shot", "template", "seed", *(axis for take in takes for axis in take.card.axes)}
    for axis in (*rows, *columns):
        if axis not in axes:
            near = did_you_mean(axis, axes)
            raise Invalid([problem("sheet_no_axis", suggestions=near, name=axis, known=", ".join(sorted(axes)))])
    layout = project.recipe.outputs.sheet or Layout(sources=_last_stages(records))
    if stage:
        layout = replace(layout, sources=(CollectionRef(stage=stage),))
    return replace(layout, rows=tuple(rows), columns=tuple(columns)) if rows or columns else layout


def _last_stages(records: Sequence[NodeRecord]) -> tuple[CollectionRef, ...]:
    """The stages at which the ways of takes end."""
    ends = dict.fromkeys(record.card.stage for record in records if record.card.kind == "take")
    return tuple(CollectionRef(stage=stage) for stage in ends)


def _recipe_lines(project: Session) -> Mapping[str, str]:
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


def _adapter_names(records: Sequence[NodeRecord]) -> Mapping[str, str]:
    return {record.result.digest: record.id for record in records if record.card.kind == "adapter" and record.result}


def failed_now(records: Sequence[NodeRecord]) -> dict[str, Sequence[Problem]]:
    """Why takes would fail today, by id."""
    return {
        record.id: record.problems for record in records if record.status in (NodeStatus.FAILED, NodeStatus.BLOCKED)
    }


def failed_before(manifest: Path) -> dict[str, Sequence[Problem]]:
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
