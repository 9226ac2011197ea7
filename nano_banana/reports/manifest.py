"""The manifest: what every picture in the output folder was made from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from nano_banana.core.json import JSONObject, as_object
from nano_banana.core.replacing import replacing
from nano_banana.reports.entries import adapter_json, person_json, take_json
from nano_banana.reports.record import Record
from nano_banana.store.wall import OUTPUT, wall

MANIFEST = "manifest.json"

SECTIONS = {"adapter": "adapters", "person": "people", "take": "takes"}
"""What it tells, by the kind of node: the takes at last, since they are many."""


def write_manifest(folder: Path, head: JSONObject, records: Iterable[Record], *, whole: bool) -> None:
    """Write `manifest.json`, take by take and all at once. Raises Unusable where the folder can't be written.

    `head` is what is true of the whole run: the recipe, the run's id, the provider, the subjects' consent.
    Unless the records are `whole`, what the manifest said of other takes, adapters and people stays.
    """
    target = folder / MANIFEST
    entries: dict[tuple[str, str], Record | str] = {(record.card.kind, record.id): record for record in records}
    with wall(folder, OUTPUT):
        folder.mkdir(parents=True, exist_ok=True)
        if not whole:
            entries = {**_there(target), **entries}
        _write(target, head, entries)


def recipe_file(folder: Path) -> Path | None:
    """The recipe whose run wrote the manifest in `folder`, if the manifest says so."""
    try:
        told = as_object(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))).get("file")
    except (OSError, ValueError, TypeError):
        return None
    return Path(os.path.abspath(folder / told)) if isinstance(told, str) else None  # noqa: PTH100 - links stay


def entries(folder: Path) -> list[tuple[str, JSONObject]]:
    """Every entry of the manifest in `folder`, if it is there, with its kind (`take`, `adapter`, `person`)."""
    return [(kind, as_object(json.loads(str(told)))) for (kind, _), told in _there(folder / MANIFEST).items()]


def leave_out(folder: Path, subject: str, shows: Callable[[str, JSONObject], bool], *, dry_run: bool = False) -> bool:
    """Take a subject and the entries that `shows` says yes to out of the manifest; return whether there were any.

    A manifest without any entry left is deleted. Raises Unusable where the folder can't be written; the manifest is as
    it was, then.
    """
    target = folder / MANIFEST
    there = _there(target)
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
    with wall(folder, OUTPUT):
        if kept:
            _write(target, head, kept)
        else:
            target.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
    return True


def older_pictures(folder: Path, now: Collection[str]) -> list[str]:
    """The pictures that the manifest in `folder` lists, that are still there and that are not among `now`."""
    found: dict[str, None] = {}
    for (kind, _), entry in _there(folder / MANIFEST).items():
        told = json.loads(str(entry)) if kind == "take" else {}
        for pictures in (told, *told.get("attempts", ())):
            found |= {str(path).removeprefix("./"): None for path in pictures.get("pictures", {}).values()}
    return [name for name in found if name not in now and (folder / name).is_file()]


def _there(target: Path) -> dict[tuple[str, str], Record | str]:
    """What the manifest says that is there; nothing where none is, or none of ours. Older ones have no people."""
    try:
        there = json.loads(target.read_text(encoding="utf-8"))
        return {
            (kind, str(entry["id"])): json.dumps(entry, ensure_ascii=False)
            for kind, section in SECTIONS.items()
            for entry in (there.get(section, ()) if kind == "person" else there[section])
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(target: Path, head: JSONObject, entries: Mapping[tuple[str, str], Record | str]) -> None:
    """Of two runs that write at once the last one stands. Raises OSError."""
    # Half a character (a file's name may hold one) is written as JSON's own escape for it.
    with replacing(target) as fresh, fresh.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(_text(head, entries))


def _text(head: JSONObject, entries: Mapping[tuple[str, str], Record | str]) -> Iterator[str]:
    yield json.dumps(dict(head), indent=1, ensure_ascii=False)[:-2]
    for kind, section in SECTIONS.items():
        yield f',\n "{section}": ['
        yield from _entries(entries[name] for name in sorted(entries) if name[0] == kind)
        yield "]"
    yield "\n}\n"


def _entries(entries: Iterable[Record | str]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        yield ("" if number == 0 else ",") + "\n  " + (entry if isinstance(entry, str) else _told(entry))


def _told(record: Record) -> str:
    if record.card.kind == "take":
        told = take_json(record, ".", measures=json.loads(record.measures), digests=True)
    else:
        told = person_json(record) if record.card.kind == "person" else adapter_json(record)
    # The calls are JSON already.
    return f'{json.dumps(told, ensure_ascii=False)[:-1]}, "calls": {record.calls}}}'
