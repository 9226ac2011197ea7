"""A contact sheet's content, also beside an earlier run; no layout."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
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
from nano_banana.session.run_snapshot import KeptPicture, KeptTake
from nano_banana.session.session import Session
from nano_banana.session.store_runner import Runner
from nano_banana.stages.stage_registry import kind_of
from nano_banana.store.local_store import Store
from nano_banana.store.run_log import Run


def beside_past(takes: Iterable[SheetTake], history: History, run: Run) -> list[SheetTake]:
    """The takes, with what they were in that run; of one that was not in it nothing is known.

    A take whose seed was changed is known by its place.
    """
    kept = history.snapshot(run).takes
    by_id, by_slot = {take.id: take for take in kept}, {take.card.slot: take for take in kept}
    pairs = [(take, by_id.get(take.record.id) or by_slot.get(take.card.slot)) for take in takes]
    keys = [call.key for take, then in pairs if then and _differs(take, then) for call in then.calls]
    documents = history.documents(keys)
    return [
        take if then is None else replace(take, before=_take_before(take, then, history.store, documents))
        for take, then in pairs
    ]


def _take_before(take: SheetTake, then: KeptTake, store: Store, documents: Mapping[str, JSONObject]) -> TakeBefore:
    differs, picture, blob = _differs(take, then), _past_picture(then, take.stage), None
    if picture is not None and differs:
        with suppress(Unusable):
            wanted = Blob(digest=picture.digest, size=0, media="image/png")
            store.blobs.path(wanted)
            blob = wanted
    calls = then.calls if differs else ()
    return TakeBefore(
        state=_past_state(then),
        picture=blob,
        gone=picture is not None and differs and blob is None,
        differs=differs,
        score=then.score,
        seed=then.card.seed,
        cost_usd=None if then.unpriced else then.cost_usd,
        made=[{**documents[call.key], "stage": call.stage} for call in calls if call.key in documents],
    )


def _differs(take: SheetTake, then: KeptTake) -> bool:
    picture = _past_picture(then, take.stage)
    return (picture and picture.digest) != (take.picture and take.picture.digest)


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
    takes, unchosen = gather_takes(project.recipe, records, layout.sources, folder=project.folder, failed=failed)
    history = History(project.runner.store)
    run = history.find(against, project.recipe.name) if against else None
    takes = beside_past(takes, history, run) if run else takes
    grids = arrange_grids(takes, layout.rows, layout.columns)
    stages = list(dict.fromkeys(source.stage for source in layout.sources))
    if not any(take.picture or take.state is TakeState.FAILED for grid in grids for take in grid.takes):
        kind = "sheet_unchosen" if unchosen else "sheet_empty"
        raise Invalid([problem(kind, recipe=project.recipe.name, stages=stages, takes=len(takes))])
    return ContactSheet(
        name=project.recipe.name,
        folder=project.folder,
        provider=project.provider,
        stages=stages,
        grids=grids,
        show=layout.show,
        lines=_recipe_lines(project),
        names={each.result.digest: each.id for each in records if each.card.kind == "adapter" and each.result},
        unchosen=unchosen,
        unmade=len(takes) - sum(1 for grid in grids for _ in grid.takes),
        workshop=project.runner,
        against=run.id if run else "",
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
    ends = dict.fromkeys(take.card.stage for take in takes)  # the stages at which the ways of takes end
    layout = project.recipe.outputs.sheet or Layout(sources=tuple(CollectionRef(stage=end) for end in ends))
    if stage:
        layout = replace(layout, sources=(CollectionRef(stage=stage),))
    return replace(layout, rows=tuple(rows), columns=tuple(columns)) if rows or columns else layout


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


def failed_now(records: Sequence[NodeRecord]) -> dict[str, Sequence[Problem]]:
    """Why takes would fail today, by id."""
    return {
        record.id: record.problems for record in records if record.status in (NodeStatus.FAILED, NodeStatus.BLOCKED)
    }


def failed_before(manifest: Path) -> dict[str, Sequence[Problem]]:
    """Why takes failed, as the last run wrote it down; nothing where there is no manifest of ours."""
    try:
        with manifest.open(encoding="utf-8") as lines:
            # Each take has a line of its own, and most lines are never parsed.
            failed = [line.strip() for line in lines if line.startswith("  {") and _FAILED.search(line)]
        entries = [json.JSONDecoder().raw_decode(line)[0] for line in failed]
        return {
            str(entry["id"]): [
                Problem(kind=str(reason["kind"]), data=dict(reason))
                for reason in map(as_object, as_items(entry["reasons"]))
            ]
            for entry in entries
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


_FAILED = re.compile('"status": "(failed|blocked)"')
