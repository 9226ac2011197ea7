"""`picks.yaml`: what people decided about takes, read and changed.

`picks: {STAGE: {keep: [TAKE], drop: [TAKE], stars: {TAKE: 1–5}, notes: {TAKE: text}}}`. Changes are merged by take and
by what is said of it: what somebody else changed meanwhile is never overwritten.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from nano_banana.formats.file_writing import atomic_write, flush_to_disk, translate_unwritable, user_umask
from nano_banana.formats.struct_schema import Section, decode_section, described, section_schema
from nano_banana.formats.yaml_edit import edited_yaml
from nano_banana.model.flow import Decision
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import Invalid, problem
from nano_banana.recipe.document import Document, read_yaml_file
from nano_banana.recipe.naming import UNIQUE, Text
from nano_banana.recipe.recipe_files import MAX_TEXT, RecipeFiles
from nano_banana.recipe.recipe_model import Decisions, is_glob, shared_id
from nano_banana.recipe.validate import check_shape

PICKS_FILE = "picks.yaml"

KEEP: Decision = "keep"
DROP: Decision = "drop"

MAX_STARS = 5
MAX_NOTE = 2_000
"""Characters of a note."""


class StagePicks(Section, frozen=True):
    """What a person decided under the stage of this id: `picks: {STAGE: {keep: [TAKE]}}`."""

    keep: Annotated[tuple[Text, ...], UNIQUE, described("Takes that are kept: their ids, or globs of them.")] = ()
    drop: Annotated[tuple[Text, ...], UNIQUE, described("Takes that are dropped: their ids, or globs of them.")] = ()
    stars: Annotated[
        dict[str, Annotated[int, Meta(ge=1, le=MAX_STARS), described("From 1 to 5.")]],
        described("How good takes are, by their ids."),
    ] = field(default_factory=dict)
    notes: Annotated[
        dict[str, Annotated[str, Meta(max_length=MAX_NOTE), described("Any text.")]],
        described("What is to be said about takes, by their ids."),
    ] = field(default_factory=dict)

    @property
    def decisions(self) -> Decisions:
        """What is kept and dropped."""
        return Decisions(kept=frozenset(self.keep), dropped=frozenset(self.drop))


class PicksSection(Section, frozen=True):
    """What `picks.yaml` may say."""

    picks: Annotated[dict[str, StagePicks], described("What a person decided, by the stage that it is about.")]


def read_picks_file(files: RecipeFiles, shown: str) -> Document | None:
    """The file beside the recipe, called `shown` in places; None if it is missing or empty.

    Raises Invalid with every problem of its text and its shape.
    """
    if not files.exists(PICKS_FILE):
        return None
    phrase = f"`{PICKS_FILE}`"
    document = read_yaml_file(files, PICKS_FILE, shown=shown, phrase=phrase, otherwise="picks_not_mapping")
    problems = check_shape(document, section_schema(PicksSection)).problems if document else ()
    if problems:
        raise Invalid(problems)
    return document


def picks_in(document: Document | None) -> Mapping[str, StagePicks]:
    """What a valid file says, by stage."""
    return decode_section(document.data, PicksSection).picks if document else {}


class TakePick(Struct, frozen=True, kw_only=True):
    """What a person said of one take: whether it is kept, 1 to 5 stars (0: none), a note (empty: none).

    `stage` is the one that the file says it under.
    """

    stage: Annotated[str, Meta(max_length=64)] = ""
    decision: Decision | None = None
    stars: Annotated[int, Meta(ge=0, le=MAX_STARS)] = 0
    note: Annotated[str, Meta(max_length=MAX_NOTE)] = ""


class PickChange(TakePick, frozen=True, kw_only=True):
    """What is to be said of a take from now on; `base` is what was said when the person decided it."""

    take: Annotated[str, Meta(min_length=1, max_length=1_000)]
    base: TakePick = TakePick()


class PickClash(Struct, frozen=True, kw_only=True):
    """A change that was not written, because the file says something else by now."""

    take: str
    mine: TakePick
    theirs: TakePick


class ChangedPicks(Struct, frozen=True, kw_only=True):
    """What is said of every take after changes, what is new of it, and the changes that were not made."""

    picks: Mapping[str, TakePick]
    changed: Mapping[str, TakePick] = field(default_factory=dict)
    clashes: Sequence[PickClash] = ()


def take_picks(picks: Mapping[str, StagePicks], takes: Collection[str] = ()) -> dict[str, TakePick]:
    """What is said of each take: of all that are named by their ids, and of `takes` also by globs.

    Of a take that stands under several stages, what drops it counts, else what is said first.
    """
    found: dict[str, TakePick] = {}
    known = frozenset(takes)
    for stage, said in picks.items():
        exact: dict[str, Decision] = {**dict.fromkeys(said.keep, KEEP), **dict.fromkeys(said.drop, DROP)}
        for take in dict.fromkeys([*exact, *said.stars, *said.notes]):
            if take in known or not is_glob(take):
                here = TakePick(
                    stage=stage,
                    decision=exact.get(take),
                    stars=said.stars.get(take, 0),
                    note=said.notes.get(take, ""),
                )
                found[take] = _joined(found[take], here) if take in found else here
    for stage, said in picks.items() if takes else ():
        decisions = said.decisions
        for take in takes:
            if take not in found or found[take].decision is None:
                decision = decisions.decision(take, shared_id(take))
                if decision is not None:
                    found[take] = _joined(TakePick(stage=stage, decision=decision), found.get(take, TakePick()))
    return found


def _joined(first: TakePick, second: TakePick) -> TakePick:
    main = second if second.decision == DROP or first.decision is None is not second.decision else first
    return replace(main, stars=first.stars or second.stars, note=first.note or second.note)


def merge_change(present: TakePick, change: PickChange) -> TakePick | None:
    """What is to be said of a take after a change; None if that clashes with what was said meanwhile.

    The decision, the stars and the note are merged each for itself, so one person's stars don't clash with another's
    note.
    """
    merged: dict[str, object] = {}
    for name in ("decision", "stars", "note"):
        now, base, wanted = (getattr(each, name) for each in (present, change.base, change))
        if now not in (base, wanted) and base != wanted:
            return None
        merged[name] = now if base == wanted else wanted
    return replace(present, stage=change.stage or present.stage, **merged)


def change_picks(
    picks: Mapping[str, StagePicks], changes: Iterable[PickChange], takes: Collection[str] = ()
) -> tuple[dict[str, TakePick], list[PickClash]]:
    """What is to be said of the takes that changes are about, in their order, and the changes that clash.

    `takes` are the ids that globs are about.
    """
    changes = list(changes)
    before = take_picks(picks, {*takes, *(change.take for change in changes)})
    changed: dict[str, TakePick] = {}
    clashes = []
    for change in changes:
        present = changed.get(change.take, before.get(change.take, TakePick()))
        merged = merge_change(present, change)
        if merged is None:
            mine = TakePick(stage=change.stage, decision=change.decision, stars=change.stars, note=change.note)
            clashes.append(PickClash(take=change.take, mine=mine, theirs=present))
        elif replace(merged, stage=present.stage) != present:
            changed[change.take] = merged
    return changed, clashes


def picks_with(data: JSONObject, changed: Mapping[str, TakePick]) -> JSONObject:
    """The file's data with takes' new words, each under its own stage alone; globs stay."""
    before = {stage: _lists(as_object(said)) for stage, said in as_object(data.get("picks")).items()}
    after = {stage: {key: dict(part) for key, part in lists.items()} for stage, lists in before.items()}
    globs = {
        stage: Decisions(kept=frozenset(lists[KEEP]), dropped=frozenset(lists[DROP])) for stage, lists in before.items()
    }
    for take, pick in changed.items():
        for stage, lists in after.items():
            if stage != pick.stage:
                _say(lists, take, TakePick(), None)
        by_glob = globs.get(pick.stage, Decisions()).by_glob(take, shared_id(take))
        _say(after.setdefault(pick.stage, _lists({})), take, pick, by_glob)
    picks: dict[str, JSONValue] = {}
    for stage, lists in after.items():
        was = as_object(as_object(data.get("picks")).get(stage))
        # What was empty before is the user's; what has become empty goes.
        said = {key: _as_written(key, part) for key, part in lists.items() if part or (key in was and not was[key])}
        if said or (stage in before and not any(before[stage].values())):
            picks[stage] = said
    return {"picks": picks}


_ListsOfStage: TypeAlias = dict[str, dict[str, JSONValue]]
"""The parts of a stage's section by key, those that are lists as keys without values: they are quick to change."""


def _lists(said: JSONObject) -> _ListsOfStage:
    parts = {key: said.get(key) for key in StagePicks.__struct_fields__}
    return {
        key: dict(part) if isinstance(part, Mapping) else dict.fromkeys(map(str, as_items(part)))
        for key, part in parts.items()
    }


def _as_written(key: str, part: Mapping[str, JSONValue]) -> JSONValue:
    return list(part) if key in (KEEP, DROP) else dict(part)


def _say(lists: _ListsOfStage, take: str, pick: TakePick, by_glob: Decision | None) -> None:
    """Write one take's word into a stage's section; a decision that a glob says already isn't repeated."""
    for decision in (KEEP, DROP):
        if pick.decision != decision:
            lists[decision].pop(take, None)
        elif by_glob != decision:
            lists[decision][take] = None
    for key, value in (("stars", pick.stars), ("notes", pick.note)):
        if value:
            lists[key][take] = value
        else:
            lists[key].pop(take, None)


_HEAD = """\
# Takes that people keep, drop, rate and comment on, by stage. Edit it as you like: comments and order stay.
"""


def read_decisions(path: Path, takes: Collection[str] = ()) -> dict[str, TakePick]:
    """What a `picks.yaml` says of each take: of `takes` also by globs. A missing file says nothing.

    Raises Invalid with every problem of the file.
    """
    return take_picks(picks_in(_document_at(path)), takes)


def _document_at(path: Path) -> Document | None:
    return read_picks_file(RecipeFiles(path.parent), str(path))


def apply_decisions(
    path: Path, changes: Sequence[PickChange], takes: Collection[str] = (), *, dry_run: bool = False
) -> ChangedPicks:
    """Write changes into a `picks.yaml`, which is made if there is none; comments and order stay.

    Changes are made in their order. One that clashes with what was said meanwhile isn't written. If an editor writes
    the file at the same time, the changes are merged into what it wrote. Applying changes twice is the same as once.
    A `dry_run` writes nothing.

    Raises Invalid with every problem of the file, and Unusable if it can't be written.
    """
    path = path.resolve()
    with translate_unwritable(path), _locked(path.parent):
        while True:
            before = path.read_bytes() if path.exists() else None
            document = _document_at(path)
            picks = picks_in(document)
            changed, clashes = change_picks(picks, changes, takes)
            data = picks_with(document.data if document else {}, changed)
            if changed and not dry_run and not _replace(path, before, data):
                continue
            picks = decode_section(data, PicksSection).picks
            return ChangedPicks(picks=take_picks(picks, takes), changed=changed, clashes=clashes)


def _replace(path: Path, before: bytes | None, data: JSONObject) -> bool:
    """Replace the file's content and return True, unless somebody wrote it meanwhile.

    Raises OSError, and Invalid if it gets too big.
    """
    text = _HEAD if before is None else before.decode("utf-8")
    fresh = edited_yaml(text, data, file=path.name).encode("utf-8")
    if len(fresh) > MAX_TEXT:
        raise Invalid([problem("file_too_big", path=str(path), size=len(fresh), limit=MAX_TEXT)])
    with atomic_write(path) as temporary:
        temporary.write_bytes(fresh)
        temporary.chmod(0o666 & ~user_umask() if before is None else path.stat().st_mode & 0o777)
        flush_to_disk(temporary)  # so that nothing slow comes between the look at the file and its replacement
        if before != (path.read_bytes() if path.exists() else None):
            temporary.unlink()
            return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that of this program's processes and threads only one changes its picks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
