"""The manifest: what each picture in the output folder was made from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import UNSET

from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.flow import Attempt, Ruling
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.nodes import NodeStatus
from nano_banana.session.run_records import NodeRecord, OutputPicture, VerdictSummary, reported_verdict
from nano_banana.session.run_report_schema import (
    ReportedAdapter,
    ReportedAttempt,
    ReportedExit,
    ReportedPerson,
    ReportedTake,
    ReportPart,
)
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors


def reported_take(
    record: NodeRecord, folder: str, *, measures: Sequence[JSONValue] = (), digests: bool = False
) -> ReportedTake:
    """A take for reports; `folder` has its files.

    The manifest has the `measures` behind each verdict, and the pictures' `digests`.
    """
    card, final, verdict = record.card, final_picture(record), record.final_verdict
    exit_ = record.exited_early
    return ReportedTake(
        id=record.id,
        shot=card.shot,
        template=card.template or None,
        subject=card.subject or None,
        cast=list(card.cast),
        axes=dict(card.axes),
        seed=card.seed,
        status=str(record.status),
        path=None if final is None else f"{folder}/{final.name}",
        sha256=None if final is None else final.blob.digest,
        pictures=_picture_paths(record.pictures, folder),
        reasons=_reasons(record),
        verdict=None if verdict is None else reported_verdict(verdict),
        attempts=list(_reported_attempts(record, folder, measures=measures, digests=digests)),
        left=None if exit_ is None else ReportedExit(stage=exit_.stage, why=exit_.why),
        digests=_picture_digests(record.pictures) if digests else UNSET,
    )


def reported_adapter(record: NodeRecord) -> ReportedAdapter:
    """An adapter for reports."""
    known = record.result
    return ReportedAdapter(
        id=record.id,
        stage=record.card.stage,
        subject=record.card.subject,
        status=str(record.status),
        sha256=None if known is None else known.digest,
        size=None if known is None else known.size,
        reasons=_reasons(record),
    )


def reported_person(record: NodeRecord) -> ReportedPerson:
    """A person that a gate compares pictures with, for reports."""
    return msgspec.convert(
        {
            "id": record.id,
            "subject": record.card.subject,
            "status": str(record.status),
            **record.person,
            "reasons": _reasons(record),
        },
        ReportedPerson,
    )


def _reasons(record: NodeRecord) -> list[dict[str, object]]:
    return [{"kind": problem.kind, **problem.data} for problem in record.problems]


def final_picture(record: NodeRecord) -> OutputPicture | None:
    """A take's final picture; None if it is not done, was rejected or not chosen."""
    whole = record.status is NodeStatus.DONE and record.exited_early is None
    return record.pictures[-1] if whole and record.pictures else None


def stage_picture(record: NodeRecord, stage: str) -> OutputPicture | None:
    """The final picture of a stage, or None; the best one if the take was rejected."""
    here = [picture for picture in record.pictures if picture.stage == stage]
    words = [ruled for ruled in record.verdicts if ruled.is_final] or record.verdicts[-1:]
    judged = {word.digest for word in words}
    for picture in reversed(here):
        if picture.blob.digest in judged:
            return picture
    own = next((word for word in words if word.stage == stage), None)
    if own is not None:
        # A gate's own pictures may be repairs that were worse than the original.
        return judged_picture(record, own)
    # The next gate says which of the stage's attempts goes on; earlier gates have other attempts.
    tries = {picture.attempt.label: picture for picture in here}
    for word in words:
        base: VerdictSummary | None = word
        while base is not None:
            if base.attempt.label in tries:
                return tries[base.attempt.label]
            base = _repaired_verdict(record, base)
    return here[-1] if here else None


def _repaired_verdict(record: NodeRecord, ruled: VerdictSummary) -> VerdictSummary | None:
    """The verdict on the picture that a repair started from: the best one before it, if any."""
    before = [
        other for other in record.verdicts if other.stage == ruled.stage and other.attempt.number < ruled.attempt.number
    ]
    return max(reversed(before), key=_verdict_rank, default=None)


def _verdict_rank(ruled: VerdictSummary) -> tuple[bool, float]:
    """The gate's order: not rejected is better, then a higher likeness; of equals the later one."""
    return ruled.ruling is not Ruling.REJECTED, -2.0 if ruled.score is None else ruled.score


def judged_picture(record: NodeRecord, ruled: VerdictSummary) -> OutputPicture | None:
    """The picture that a verdict is about: the last file with its bytes."""
    return next((picture for picture in reversed(record.pictures) if picture.blob.digest == ruled.digest), None)


def _reported_attempts(
    record: NodeRecord, folder: str, *, measures: Sequence[JSONValue], digests: bool
) -> Iterator[ReportedAttempt]:
    """An entry for each verdict, and one for each attempt that got none. Nothing if nothing was judged."""
    judged = {ruled.attempt.label for ruled in record.verdicts}
    unjudged = {
        picture.attempt.label: picture.attempt
        for picture in record.pictures
        if picture.attempt.label not in judged and (judged or picture.attempt.label)
    }
    for attempt, at, ruled in _attempts_in_order(record.verdicts, list(unjudged.values())):
        pictures = _attempt_pictures(record, attempt, ruled)
        numbers = measures[at] if ruled is not None and at < len(measures) else None
        yield ReportedAttempt(
            attempt=attempt.number,
            label=attempt.label,
            detail=dict(attempt.detail) or ({} if record.card.seed is None else {"seed": record.card.seed}),
            stage=ruled.stage if ruled else pictures[-1].stage,
            pictures=_picture_paths(pictures, folder),
            digests=_picture_digests(pictures) if digests else UNSET,
            verdict=None if ruled is None else reported_verdict(ruled, numbers),
        )


def _attempts_in_order(
    verdicts: Sequence[VerdictSummary], unjudged: Sequence[Attempt]
) -> Iterator[tuple[Attempt, int, VerdictSummary | None]]:
    """The verdicts in order with their indexes, and each attempt without a verdict before the next attempt."""
    left = sorted(unjudged, key=lambda attempt: attempt.number)
    for at, ruled in enumerate(verdicts):
        while left and left[0].number < ruled.attempt.number:
            yield left.pop(0), 0, None
        yield ruled.attempt, at, ruled
    for attempt in left:
        yield attempt, 0, None


def _attempt_pictures(record: NodeRecord, attempt: Attempt, ruled: VerdictSummary | None) -> list[OutputPicture]:
    """An attempt's pictures, up to the one that was judged."""
    ours = [picture for picture in record.pictures if picture.attempt.label == attempt.label]
    at = next((at for at, picture in enumerate(ours, 1) if ruled and picture.blob.digest == ruled.digest), len(ours))
    return ours[:at]


def _picture_paths(pictures: Sequence[OutputPicture], folder: str) -> dict[str, str]:
    return {picture.stage: f"{folder}/{picture.name}" for picture in pictures}


def _picture_digests(pictures: Sequence[OutputPicture]) -> dict[str, str]:
    return {picture.stage: picture.blob.digest for picture in pictures}


MANIFEST = "manifest.json"

SECTIONS = {"adapter": "adapters", "person": "people", "take": "takes"}
"""The manifest's sections by kind of node. The takes are last, since there are many."""


def write_manifest(folder: Path, head: JSONObject, records: Iterable[NodeRecord], *, whole: bool) -> None:
    """Write `manifest.json` take by take, and replace the old one atomically. Raises Unusable if it can't be written.

    `head` is about the whole run: the recipe, the run's id, the provider, the subjects' consent. If the records are not
    `whole`, the manifest's entries of other takes, adapters and people stay.
    """
    target = folder / MANIFEST
    entries: dict[tuple[str, str], NodeRecord | str] = {(record.card.kind, record.id): record for record in records}
    with translate_errors(folder, OUTPUT_ERRORS):
        folder.mkdir(parents=True, exist_ok=True)
        if not whole:
            entries = {**_read_entries(target), **entries}
        _write_manifest(target, head, entries)


def manifest_recipe(folder: Path) -> Path | None:
    """The recipe whose run wrote the manifest in `folder`, if the manifest says so."""
    try:
        told = as_object(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))).get("file")
    except (OSError, ValueError, TypeError):
        return None
    return Path(os.path.abspath(folder / told)) if isinstance(told, str) else None  # noqa: PTH100 - links stay


def manifest_entries(folder: Path) -> list[tuple[str, JSONObject]]:
    """Every entry of the manifest in `folder`, if there is one, with its kind (`take`, `adapter`, `person`)."""
    return [(kind, as_object(json.loads(str(told)))) for (kind, _), told in _read_entries(folder / MANIFEST).items()]


def remove_from_manifest(
    folder: Path, subject: str, shows: Callable[[str, JSONObject], bool], *, dry_run: bool = False
) -> bool:
    """Remove a subject, and the entries for which `shows` is true, from the manifest; return whether there were any.

    A manifest without entries is deleted. Raises Unusable if the folder can't be written; the manifest is unchanged,
    then.
    """
    target = folder / MANIFEST
    there = _read_entries(target)
    kept = {
        (kind, name): told for (kind, name), told in there.items() if not shows(kind, as_object(json.loads(str(told))))
    }
    told = as_object(json.loads(target.read_text(encoding="utf-8"))) if there or target.is_file() else {}
    subjects = as_object(told.get("subjects"))
    if len(kept) == len(there) and subject not in subjects:
        return False
    if dry_run:
        return True
    head = {name: value for name, value in told.items() if name not in SECTIONS.values()}
    head["subjects"] = {name: value for name, value in subjects.items() if name != subject}
    with translate_errors(folder, OUTPUT_ERRORS):
        if kept:
            _write_manifest(target, head, kept)
        else:
            target.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
    return True


def older_pictures(folder: Path, now: Collection[str]) -> list[str]:
    """The existing pictures in the manifest in `folder` that are not among `now`."""
    found: dict[str, None] = {}
    for (kind, _), entry in _read_entries(folder / MANIFEST).items():
        told = json.loads(str(entry)) if kind == "take" else {}
        for pictures in (told, *told.get("attempts", ())):
            found |= {str(path).removeprefix("./"): None for path in pictures.get("pictures", {}).values()}
    return [name for name in found if name not in now and (folder / name).is_file()]


def _read_entries(target: Path) -> dict[tuple[str, str], NodeRecord | str]:
    """The entries of the existing manifest; empty if there is none, or none of ours. Older ones have no people."""
    try:
        there = json.loads(target.read_text(encoding="utf-8"))
        return {
            (kind, str(entry["id"])): json.dumps(entry, ensure_ascii=False)
            for kind, section in SECTIONS.items()
            for entry in (there.get(section, ()) if kind == "person" else there[section])
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(target: Path, head: JSONObject, entries: Mapping[tuple[str, str], NodeRecord | str]) -> None:
    """If two runs write at once, the last one wins. Raises OSError."""
    # A lone surrogate (a file's name may have one) is written as a JSON escape.
    with atomic_write(target) as fresh, fresh.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(_manifest_text(head, entries))


def _manifest_text(head: JSONObject, entries: Mapping[tuple[str, str], NodeRecord | str]) -> Iterator[str]:
    yield json.dumps(dict(head), indent=1, ensure_ascii=False)[:-2]
    for kind, section in SECTIONS.items():
        yield f',\n "{section}": ['
        yield from _entry_texts(entries[name] for name in sorted(entries) if name[0] == kind)
        yield "]"
    yield "\n}\n"


def _entry_texts(entries: Iterable[NodeRecord | str]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        yield ("" if number == 0 else ",") + "\n  " + (entry if isinstance(entry, str) else _entry_text(entry))


def _entry_text(record: NodeRecord) -> str:
    entry: ReportPart
    if record.card.kind == "take":
        entry = reported_take(record, ".", measures=json.loads(record.measures), digests=True)
    else:
        entry = reported_person(record) if record.card.kind == "person" else reported_adapter(record)
    # The calls are JSON already.
    return f'{json.dumps(entry.json(), ensure_ascii=False)[:-1]}, "calls": {record.calls}}}'
