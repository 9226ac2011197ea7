"""`forget`: delete everything about one person."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.formatting import file_size, listed, plural, short_path, visible
from nano_banana.cli.options import FILE, OptionValues, add_options, pass_screen
from nano_banana.cli.project_loading import run_request_from, settings_for
from nano_banana.cli.screen import Screen
from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_whole
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, LimitReached, Unusable, problem

if TYPE_CHECKING:
    from nano_banana.session.session import Session
    from nano_banana.settings.configuration import Settings


SECTION = ("Manage", 5)

MANIFEST_FILE = "manifest.json"
MAX_LISTED = 4
"""Most files that are named in a row; the receipt names all."""

FILE_KINDS = ("pictures", "sheets", "copies", "archives", "locks")
KEPT_TEXTS = {
    "others": "in this project, but not written by a run",
    "elsewhere": "outside this project (run `forget` there, or delete them yourself)",
}
COUNTED_TEXTS = {
    "runs": ("run record", " (only the entries about this person)"),
    "notes": ("cached note", ""),
    "memories": ("cached path", ""),
    "requests_blanked": ("request", " made anonymous (costs are kept)"),
}


def say_erasure_plan(screen: Screen, told: JSONObject) -> None:
    """Print what will be deleted."""
    name, deleted = visible(str(told["subject"])), as_object(told["deleted"])
    rows = list(_erasure_rows(deleted))
    if rows:
        screen.say(f"Will delete for {name}:")
        screen.table(rows, indent=2)
    else:
        screen.say(f"Nothing about {name} is stored here.")
    _say_provider(screen, as_object(told["provider"]))
    _say_remaining(screen, as_object(told["left"]))


def say_erasure_result(screen: Screen, told: JSONObject) -> None:
    """Print the result of a deletion, from a second look (`told`): what is left, if anything."""
    rows, left = list(_erasure_rows(as_object(told["deleted"]))), as_object(told["left"])
    kept = [path for kind in KEPT_TEXTS for path in as_items(left[kind])]
    if rows:
        screen.say("\nCould not delete everything. Still here:")
        screen.table(rows, indent=2)
    elif kept:
        screen.say(
            f"\nDeleted. {plural(len(kept), 'file')} outside the output folders still show this person (listed above)."
        )
    else:
        screen.say("\nEverything is deleted. Delete backups and other copies yourself.")


def _erasure_rows(deleted: JSONObject) -> list[tuple[str, str]]:
    rows = []
    if adapters := as_items(deleted["adapters"]):
        rows.append(("adapters", ", ".join(visible(str(name)) for name in adapters)))
    rows += [(kind, _named_paths(paths)) for kind in FILE_KINDS if (paths := as_items(deleted[kind]))]
    if manifests := as_items(deleted["manifests"]):
        rows.append(("entries", f"in {_named_paths([f'{path}/{MANIFEST_FILE}' for path in manifests])}"))
    answers, files = as_whole(deleted["answers"]), as_whole(deleted["files"])
    if answers or files:
        size = file_size(as_whole(deleted["bytes"]))
        rows.append(("store", f"{plural(answers, 'result')}, {plural(files, 'file')}, {size}"))
    unnamed = as_whole(deleted["unnamed_files"])
    if unnamed and rows:
        size = file_size(as_whole(deleted["unnamed_bytes"]))
        rows.append(("", f"{plural(unnamed, 'more unreferenced file')}, {size}"))
    for kind, (noun, words) in COUNTED_TEXTS.items():
        count = as_whole(deleted[kind])
        rows += [("", f"{plural(count, noun)}{words}")] if count else []
    return rows


def _named_paths(paths: Sequence[JSONValue]) -> str:
    return listed([short_path(str(path)) for path in paths], MAX_LISTED)


def _say_provider(screen: Screen, provider: JSONObject) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    uploads = [as_object(upload) for upload in as_items(provider["uploads"])]
    alive = [upload for upload in uploads if upload["until"] is None or str(upload["until"]) > now]
    requests = [as_object(request) for request in as_items(provider["requests"])]
    if not alive and not requests:
        return
    screen.say("\nThe provider may still hold (and how to delete it there):")
    if alive:
        dates = [str(upload["until"])[:10] for upload in alive if upload["until"]]
        until = f"the last until {max(dates)}" if len(dates) == len(alive) else "some until you delete them"
        screen.say(f"  {plural(len(alive), 'uploaded file')}, {until}")
    if requests:
        first, last = (str(pick(str(request["at"]) for request in requests))[:10] for pick in (min, max))
        screen.say(f"  inputs and outputs of {plural(len(requests), 'request')}, {first} to {last}:")
        for request in requests[:MAX_LISTED]:
            known = visible(str(request["request_id"])) or "unknown ID: see the requests on fal's dashboard"
            screen.say(f"    {request['at']}  {visible(str(request['endpoint']))}  {known}")
        if len(requests) > MAX_LISTED:
            screen.say(f"    … and {len(requests) - MAX_LISTED:,} more; `--receipt FILE` lists all")
        screen.say(f"  to delete them at fal: DELETE {provider['delete']}, or use its dashboard")


def _say_remaining(screen: Screen, left: JSONObject) -> None:
    photos, mentions = as_items(left["photos"]), as_items(left["mentions"])
    if not photos and not mentions and not any(as_items(left[kind]) for kind in KEPT_TEXTS):
        return
    screen.say("\nNot deleted (yours):")
    if photos:
        folders = dict.fromkeys(short_path(Path(str(path)).parent) for path in photos)
        screen.say(f"  {plural(len(photos), 'photo')} in {', '.join(folders)}")
    for kind, words in KEPT_TEXTS.items():
        paths = as_items(left[kind])
        if paths:
            screen.say(f"  {plural(len(paths), 'file')} {words}: {_named_paths(paths)}")
    for mention in map(as_object, mentions):
        lines = [str(line) for line in as_items(mention["lines"])]
        word = "line" if len(lines) == 1 else "lines"
        screen.say(f"  {short_path(str(mention['file']))}, {word} {listed(lines, MAX_LISTED)}")


@click.command(name="forget")
@click.argument("subject")
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    help="Recipe with the subject (default: recipe.yaml here, if there is one).",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--receipt", type=FILE, help="Write the receipt to this file, as JSON.")
@add_options("--abandon", "--yes", "--json", "--store", "--out")
@pass_screen
def command(
    screen: Screen,
    subject: str,
    *,
    recipe: Path | None,
    dry_run: bool,
    receipt: Path | None,
) -> int:
    """Delete everything about one person.

    Deletes SUBJECT's adapters, all pictures that show them, everything computed from their photos, and their entries in
    run records. Shows first what will be deleted. Searches the whole project, and deletes nothing outside it. Your
    photos, recipe, lock and manual copies are listed, not deleted. The receipt says what the provider may still hold
    and how to delete it there.

    Examples:
      nano-banana forget ana --dry-run
      nano-banana forget ana --yes --receipt ana-forgotten.json
    """
    from nano_banana.features.forget.subject_erasure import SubjectErasure, erasure_receipt

    settings = settings_for(screen, start=_search_start(recipe))
    session = _recipe_session(recipe, settings)
    code, given = 0, OptionValues.given()
    with SubjectErasure.opened(session, settings, project_root(_search_start(recipe))) as forgetting:
        if not dry_run and forgetting.finish_interrupted():
            screen.note("finished an earlier deletion that was interrupted")
        dossier = forgetting.find(subject)
        told = erasure_receipt(dossier, dry_run=dry_run)
        say_erasure_plan(screen, told)
        if not dry_run and not dossier.empty:
            forgetting.check(dossier, abandon=given.abandon)
            _confirm(screen, subject)
        if receipt is not None:
            # First, because what a provider holds can't be looked up afterwards.
            _write_receipt(receipt, told)
        if not dry_run and not dossier.empty:
            if given.abandon:
                dossier = forgetting.abandon(dossier)
            after = forgetting.erase(dossier)
            left = erasure_receipt(after, dry_run=False)
            told = {**told, "complete": after.empty}
            say_erasure_result(screen, left)
            code = 0 if after.empty else 1
    if screen.machine:
        screen.json(told)
    return code


def _search_start(recipe: Path | None) -> Path:
    if recipe is None:
        return Path.cwd()
    return recipe.absolute() if recipe.is_dir() else recipe.absolute().parent


def _recipe_session(recipe: Path | None, settings: Settings) -> Session | None:
    """The recipe's project, even if its photos are gone; None if there is no recipe here."""
    from nano_banana.session.run_request import RunRequest, recipe_file_in
    from nano_banana.session.session import Session

    if recipe is None and not recipe_file_in(Path()).is_file():
        return None
    request = RunRequest(recipe=run_request_from(recipe or Path()).recipe, any_photos=True)
    return Session.open(request, settings, environ=os.environ)


def _confirm(screen: Screen, subject: str) -> None:
    """Ask, unless `--yes` was given. Raises Invalid without a terminal, LimitReached for a no."""
    if OptionValues.given().yes:
        return
    if not screen.lively or screen.machine:
        raise Invalid([problem("forget_unconfirmed")])
    if not screen.confirm(f"Delete all of this about {subject}? This can't be undone."):
        raise LimitReached([problem("forget_declined")])


def _write_receipt(file: Path, told: JSONObject) -> None:
    if os.path.lexists(file):
        raise Unusable([problem("receipt_taken", file=str(file))])
    try:
        with atomic_write(file) as fresh:
            fresh.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=dict) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable([problem("receipt_unwritten", file=str(file), why=error.strerror or "")]) from error
