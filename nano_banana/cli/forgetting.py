"""What goes, what stays and what a service may hold, in words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nano_banana.cli.amounts import size
from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered, shown
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object, as_whole

MANIFEST = "manifest.json"
MOST = 4
"""So many files are named, of those that go; the receipt names all."""

FILES = ("pictures", "sheets", "copies", "archives", "locks")
KEPT = {
    "others": "in this project, put there by hand or exported",
    "elsewhere": "outside of this project (run `forget` in the project that they belong to, or delete them yourself)",
}
COUNTED = {
    "runs": ("record", " of runs, as far as they tell of them"),
    "notes": ("note", ": trails, traces and the like"),
    "memories": ("remembered path", ""),
    "requests_blanked": ("request", " in the books (what they cost stays, nothing else)"),
}


def say_dossier(screen: Screen, told: JSONObject) -> None:
    """Say it all; the same before and after."""
    name, deleted = visible(str(told["subject"])), as_object(told["deleted"])
    rows = list(_rows(deleted))
    if rows:
        screen.say(f"about {name}, this goes:")
        screen.table(rows, indent=2)
    else:
        screen.say(f"nothing about {name} is kept here")
    _say_provider(screen, as_object(told["provider"]))
    _say_left(screen, as_object(told["left"]))


def say_done(screen: Screen, told: JSONObject) -> None:
    """Say that it is done, from a second look (`told`): what is still there, if anything is."""
    rows, left = list(_rows(as_object(told["deleted"]))), as_object(told["left"])
    kept = [path for kind in KEPT for path in as_items(left[kind])]
    if rows:
        screen.say("\nnot all of it could be deleted; this is still here:")
        screen.table(rows, indent=2)
    elif kept:
        screen.say(
            f"\ndeleted; {numbered(len(kept), 'file')} outside of the output folders still show them (listed above)"
        )
    else:
        screen.say("\nall of it is deleted; backups and copies elsewhere are yours to look after")


def _rows(deleted: JSONObject) -> list[tuple[str, str]]:
    rows = []
    adapters = [visible(str(name)) for name in as_items(deleted["adapters"])]
    if adapters:
        rows.append(("adapters", ", ".join(adapters)))
    for kind in FILES:
        paths = as_items(deleted[kind])
        if paths:
            rows.append((kind, _named(paths)))
    manifests = as_items(deleted["manifests"])
    if manifests:
        rows.append(("entries", f"of {_named([f'{path}/{MANIFEST}' for path in manifests])}"))
    answers, files = as_whole(deleted["answers"]), as_whole(deleted["files"])
    if answers or files:
        rows.append(("store", f"{numbered(answers, 'answer')}, {numbered(files, 'file')}, {_size(deleted, 'bytes')}"))
    unnamed = as_whole(deleted["unnamed_files"])
    if unnamed and rows:
        rows.append(("", f"{numbered(unnamed, 'file')} more that nothing names, {_size(deleted, 'unnamed_bytes')}"))
    for kind, (noun, words) in COUNTED.items():
        count = as_whole(deleted[kind])
        rows += [("", f"{numbered(count, noun)}{words}")] if count else []
    return rows


def _named(paths: Sequence[JSONValue]) -> str:
    cwd = Path.cwd()
    names = [shown(str(path), cwd) for path in paths[:MOST]]
    more = f" and {len(paths) - MOST:,} more" if len(paths) > MOST else ""
    return ", ".join(names) + more


def _size(deleted: JSONObject, name: str) -> str:
    return size(as_whole(deleted[name]))


def _say_provider(screen: Screen, provider: JSONObject) -> None:
    now = time.time()
    uploads = [as_object(upload) for upload in as_items(provider["uploads"])]
    alive = [upload for upload in uploads if upload["until"] is None or _seconds(str(upload["until"])) > now]
    requests = [as_object(request) for request in as_items(provider["requests"])]
    if not alive and not requests:
        return
    screen.say("\nwhat services may still hold, and how to have it deleted there:")
    if alive:
        dates = [str(upload["until"])[:10] for upload in alive if upload["until"]]
        until = f"the last until {max(dates)}" if len(dates) == len(alive) else "some until somebody deletes them"
        screen.say(f"  {numbered(len(alive), 'uploaded file')}, {until}")
    if requests:
        first, last = (str(pick(str(request["at"]) for request in requests))[:10] for pick in (min, max))
        screen.say(f"  what went into and came out of {numbered(len(requests), 'request')}, {first} to {last}:")
        for request in requests[:MOST]:
            known = visible(str(request["request_id"])) or "id unknown: fal may have it; its dashboard lists requests"
            screen.say(f"    {request['at']}  {visible(str(request['endpoint']))}  {known}")
        if len(requests) > MOST:
            screen.say(f"    … and {len(requests) - MOST:,} more; --receipt FILE has all")
        screen.say(f"  DELETE {provider['delete']} removes them at fal; so does its dashboard")


def _say_left(screen: Screen, left: JSONObject) -> None:
    photos, mentions = as_items(left["photos"]), as_items(left["mentions"])
    if not photos and not mentions and not any(as_items(left[kind]) for kind in KEPT):
        return
    cwd = Path.cwd()
    screen.say("\nyours, and not touched:")
    if photos:
        folders = dict.fromkeys(shown(str(Path(str(path)).parent), cwd) for path in photos)
        screen.say(f"  {numbered(len(photos), 'photo')} in {', '.join(folders)}")
    for kind, words in KEPT.items():
        paths = as_items(left[kind])
        if paths:
            screen.say(f"  {numbered(len(paths), 'file')} {words}: {_named(paths)}")
    for mention in map(as_object, mentions):
        lines = [str(line) for line in as_items(mention["lines"])]
        more = " …" if len(lines) > MOST else ""
        word = "line" if len(lines) == 1 else "lines"
        screen.say(f"  {shown(str(mention['file']), cwd)}, {word} {', '.join(lines[:MOST])}{more}")


def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
