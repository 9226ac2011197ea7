"""`models`: list, share, import and export adapters."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.formatting import fields_of, file_size, money, plural, utc_time, visible
from nano_banana.cli.options import FILE, OptionValues, add_options, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, LimitReached, problem
from nano_banana.model.ticket import is_loopback_url

if TYPE_CHECKING:
    from nano_banana.features.shelf.adapter_import import ImportedAdapter
    from nano_banana.store.adapter_shelf import AdapterShelf, AdapterUse, ShelvedAdapter


SECTION = ("Manage", 1)

ADAPTER_HEAD = ("adapter", "for", "trigger", "noun", "trainer", "photos", "likeness", "cost", "date", "used by")
SPARE_COLUMNS = ("trainer", "noun", "cost", "photos")
ORIGIN_TEXTS = {"trained": "trained here", "imported": "imported from an archive", "file": "imported from a file"}


def say_adapters(screen: Screen, shelved: Sequence[ShelvedAdapter], users: Mapping[str, Sequence[str]]) -> None:
    """Print one line per version."""
    if not shelved:
        screen.say("No adapters yet. Runs add the adapters they train; `models import FILE` adds others.")
        return
    screen.table(
        [_adapter_row(found, users.get(found.digest, ())) for found in shelved], head=ADAPTER_HEAD, spare=SPARE_COLUMNS
    )


def say_adapter(screen: Screen, found: ShelvedAdapter, users: Sequence[str], uses: Sequence[AdapterUse]) -> None:
    """Print everything known about one version."""
    screen.say(screen.paint("bold", visible(found.reference)))
    screen.table([(name, text) for name, text in adapter_facts(found).items() if text], indent=2)
    if found.card.settings:
        screen.say("  settings")
        screen.table([(name, _setting_value(value)) for name, value in sorted(found.card.settings.items())], indent=4)
    screen.say(f"  used by the last run of {', '.join(map(visible, users))}" if users else "  not used by any recipe")
    if uses:
        rows = [(use.run, use.recipe or "(forgotten)", f"{use.calls:,}", _utc_date(use.last_at)) for use in uses]
        screen.table(rows, head=("run", "recipe", "pictures", "date"), indent=4)


def adapter_facts(found: ShelvedAdapter) -> Mapping[str, str]:
    """Facts about a version by name, without its settings; unknown ones are empty."""
    card = found.card
    return {
        "tags": ", ".join(found.tags),
        "subject": card.subject,
        "trigger": card.trigger,
        "noun": card.noun,
        "for": card.base,
        "origin": ORIGIN_TEXTS[card.origin],
        "trainer": card.trainer,
        "provider": card.provider,
        "photos": "" if card.photos is None else f"{card.photos:,}",
        "training set": card.training_set[:12],
        "likeness": _median_likeness(found, words=True),
        "cost": money(card.cost_usd) if card.trainer else "",
        "date": utc_time(card.made_at) if card.made_at else "",
        "recipe": card.recipe,
        "run": card.run,
        "size": file_size(found.size),
        "digest": found.digest,
    }


def say_adapter_diff(screen: Screen, one: ShelvedAdapter, two: ShelvedAdapter) -> None:
    """Print the facts and settings that differ."""
    before, after = _flat_facts(one), _flat_facts(two)
    rows = [
        (name, before.get(name) or "–", after.get(name) or "–")
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    if rows:
        screen.table(rows, head=("", one.reference, two.reference))
    if one.digest == two.digest:
        screen.say(f"{visible(one.reference)} and {visible(two.reference)} are identical")
    elif one.card.training_set and one.card.training_set == two.card.training_set:
        screen.say("trained from the same photos and captions")


def adapter_diff_json(one: ShelvedAdapter, two: ShelvedAdapter) -> JSONObject:
    """The difference as JSON."""
    before, after = adapter_json(one, ()), adapter_json(two, ())
    return {
        "a": one.reference,
        "b": two.reference,
        "same_bytes": one.digest == two.digest,
        "same_training_set": bool(one.card.training_set) and one.card.training_set == two.card.training_set,
        "changes": {
            name: [before[name], after[name]]
            for name in before
            if before[name] != after[name] and name not in ("reference", "version", "used_by")
        },
    }


def adapter_json(found: ShelvedAdapter, users: Sequence[str]) -> JSONObject:
    """A version as flat JSON."""
    from nano_banana.store.adapter_shelf import card_json

    facts: JSONObject = {"reference": found.reference, "name": found.name, "version": found.version, "tags": found.tags}
    return {**facts, "digest": found.digest, "size": found.size, **card_json(found.card), "used_by": users}


def _adapter_row(found: ShelvedAdapter, users: Sequence[str]) -> tuple[str, ...]:
    card = found.card
    tags = f" ({', '.join(found.tags)})" if found.tags else ""
    return (
        f"{found.reference}{tags}",
        card.base,
        card.trigger,
        card.noun,
        card.trainer.removeprefix("fal-ai/") or f"({card.origin})",
        "" if card.photos is None else f"{card.photos:,}",
        _median_likeness(found),
        money(card.cost_usd) if card.trainer else "",
        _utc_date(card.made_at) if card.made_at else "",
        ", ".join(users),
    )


def _median_likeness(found: ShelvedAdapter, *, words: bool = False) -> str:
    card = found.card
    if card.likeness is None:
        return ""
    number = f"{card.likeness:.2f}"
    return f"{number} (median of {card.judged:,} first {'try' if card.judged == 1 else 'tries'})" if words else number


def _flat_facts(found: ShelvedAdapter) -> dict[str, str]:
    told = {name: text for name, text in adapter_facts(found).items() if name not in ("tags", "run")}
    return {**told, **{f"with {name}": _setting_value(value) for name, value in sorted(found.card.settings.items())}}


def _setting_value(value: JSONValue) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)


def _utc_date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


ADAPTER_METAVAR = "NAME[@VERSION|@TAG]"


@contextmanager
def open_shelf(screen: Screen, *, wanted: str = "") -> Iterator[AdapterShelf]:
    """Open the current project's shelf.

    Raises Invalid (`shelf_empty`) if an adapter is `wanted` and there is no store yet; otherwise creates the store.
    """
    from nano_banana.store.local_store import Store

    found = settings_for(screen).store
    if wanted and not found.is_dir():
        raise Invalid([problem("shelf_empty", name=wanted)])
    with Store.open(found) as store:
        yield store.shelf


@click.command()
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.argument("file", type=FILE)
@click.option(
    "--samples", type=click.IntRange(0, 99), default=0, metavar="N", help="Include the last N pictures made with it."
)
@click.option("--with-photos", is_flag=True, help="Include the training photos, without metadata.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@add_options("--json", "--store")
@pass_screen
def export(
    screen: Screen,
    name: str,
    file: Path,
    *,
    samples: int,
    with_photos: bool,
    force: bool,
) -> None:
    """Export an adapter to one file, for `models import` elsewhere.

    Contains the adapter, its metadata and checksums; photos only with --with-photos.

    Example:
      nano-banana models export ana@3 ana.nbm --samples 4
    """
    from nano_banana.features.shelf.adapter_archive import export_adapter as write

    with open_shelf(screen, wanted=name) as shelf:
        found = shelf.get(name)
        done = write(shelf, found, file.absolute(), samples=samples, photos=with_photos, replace=force)
    if screen.machine:
        screen.json({"reference": found.reference, "file": file, "digest": found.digest, **asdict(done)})
        return
    said = f"exported {found.reference} to {visible(str(file))} ({file_size(done.size)})"
    if samples:
        said += f", with {plural(done.samples, 'sample')}"
    if with_photos:
        said += f", with {plural(done.photos, 'training photo')}: share it only with people allowed to have them"
    screen.say(said)


@click.command(name="import")
@click.argument("file", type=FILE)
@click.option("--name", default="", help="Name on the shelf (default: from the file).")
@click.option("--trigger", default="", help="Trigger word.")
@click.option("--noun", default="", help="Class word: woman, man, dog …")
@click.option("--base", default="", metavar="FAMILY", help="Base model family, if the file doesn't say.")
@add_options("--json", "--store")
@pass_screen
def import_adapter(
    screen: Screen,
    file: Path,
    *,
    name: str,
    trigger: str,
    noun: str,
    base: str,
) -> None:
    """Import an adapter: an `.nbm` archive or another trainer's `.safetensors` file.

    Verifies the file first. Pickle files (`.pt`, `.ckpt`, `.bin`) are never opened.

    Examples:
      nano-banana models import ana.nbm
      nano-banana models import ana.safetensors --name ana --trigger anqz7 --noun woman --base flux-1
    """
    from nano_banana.features.shelf.adapter_import import ImportOptions, adapter_families
    from nano_banana.features.shelf.adapter_import import import_adapter_file as take

    settings = settings_for(screen)
    rehearses = is_loopback_url(settings.fal_url)
    with open_shelf(screen) as shelf:
        wanted = ImportOptions(name=name, trigger=trigger, noun=noun, base=base)
        brought = take(shelf, file.absolute(), wanted, families=adapter_families(settings), rehearses=rehearses)
    if screen.machine:
        screen.json({**adapter_json(brought.shelved, ()), "known": brought.known})
    else:
        _say_imported(screen, brought)


def _say_imported(screen: Screen, brought: ImportedAdapter) -> None:
    found = brought.shelved
    if brought.known:
        screen.say(f"already on the shelf as {found.reference}")
        return
    said = f'"{visible(" ".join(filter(None, (found.card.trigger, found.card.noun))))}"' if found.card.trigger else ""
    screen.say(
        f"imported as {found.reference}: {found.card.base}, {file_size(found.size)}" + (f", {said}" if said else "")
    )
    if not said:
        screen.note("the file has no trigger; pass `--trigger` if you know it")
    if any(brought.others.values()):
        kinds = (plural(many, folder.rstrip("/").removesuffix("s")) for folder, many in brought.others.items() if many)
        screen.note(f"also in the archive, not imported: {' and '.join(kinds)}")
    screen.say(f"use it in a recipe: `adapters: {{{found.name}: {{model: {found.reference}}}}}`")


@click.group(name="models", cls=SuggestingGroup, invoke_without_command=True)
@add_options("--json", "--store")
@click.pass_context
def command(context: click.Context) -> None:
    """List, share and import adapters.

    Every trained adapter goes on the shelf, under its subject's name and the next version. Recipes use it with
    `adapters: {ana_lora: {model: ana@3}}`; the lock pins its content.

    Examples:
      nano-banana models
      nano-banana models show ana@3
      nano-banana models export ana ana.nbm --samples 4
      nano-banana models import ~/Downloads/ana-lora.safetensors --name ana --trigger anqz7 --noun woman
    """
    if context.invoked_subcommand is None:
        context.invoke(list_adapters)


@command.command(name="list")
@add_options("--json", "--store")
@pass_screen
def list_adapters(screen: Screen) -> None:
    """List all adapters, by name and version.

    Examples:
      nano-banana models list
      nano-banana models list --json
    """
    found: Sequence[ShelvedAdapter] = ()
    users: Mapping[str, Sequence[str]] = {}
    if settings_for(screen).store.is_dir():  # listing creates no store
        with open_shelf(screen) as shelf:
            found, users = shelf.all(), shelf.users()
    if screen.machine:
        screen.json({"models": [adapter_json(each, users.get(each.digest, ())) for each in found]})
    else:
        say_adapters(screen, found, users)


@command.command()
@click.argument("name", metavar=ADAPTER_METAVAR)
@add_options("--json", "--store")
@pass_screen
def show(screen: Screen, name: str) -> None:
    """Show an adapter's details and who used it.

    Examples:
      nano-banana models show ana
      nano-banana models show ana@2 --json
    """
    with open_shelf(screen, wanted=name) as shelf:
        found = shelf.get(name)
        users = shelf.users().get(found.digest, ())
        uses = [use for use in shelf.uses() if use.digest == found.digest]
    if screen.machine:
        runs = [fields_of(use, "run", "recipe", "calls", "last_at") for use in uses]
        screen.json({**adapter_json(found, users), "runs": runs})
    else:
        say_adapter(screen, found, users, uses)


@command.command()
@click.argument("old", metavar="NAME")
@click.argument("new", metavar="NEW")
@add_options("--store")
@pass_screen
def rename(screen: Screen, old: str, new: str) -> None:
    """Rename an adapter (all versions). Update recipes that use the old name.

    Example:
      nano-banana models rename ana ana-2026
    """
    with open_shelf(screen, wanted=old) as shelf:
        shelf.rename(old, new)
        users = sorted({user for each in shelf.all() if each.name == new for user in _other_users(shelf, each)})
    screen.say(f"Renamed `{visible(old)}` to `{visible(new)}`.")
    if users:
        screen.note(f"used by {', '.join(map(visible, users))}: change `model: {visible(old)}` there")


@command.command()
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.argument("tag")
@click.option("--remove", is_flag=True, help="Remove the tag.")
@add_options("--store")
@pass_screen
def tag(screen: Screen, name: str, tag: str, *, remove: bool) -> None:
    """Tag a version, to use as `model: ana@good`.

    Examples:
      nano-banana models tag ana@3 good
      nano-banana models tag ana good --remove
    """
    with open_shelf(screen, wanted=name) as shelf:
        if remove:
            found = shelf.untag(name.partition("@")[0], tag)
            screen.say(f"Removed tag {found.name}@{tag} from {found.reference}.")
        else:
            found = shelf.tag(name, tag)
            screen.say(f"Tagged {found.reference} as {found.name}@{tag}.")


@command.command()
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.option("--force", is_flag=True, help="Remove it even if another recipe's last run used it.")
@add_options("--yes", "--store")
@pass_screen
def rm(screen: Screen, name: str, *, force: bool) -> None:
    """Remove a version from the shelf.

    The version number is never reused. `nano-banana cache gc` frees the space unless a run needs it. The next run of
    the recipe that trained it puts it back.

    Example:
      nano-banana models rm ana@2 --yes
    """
    with open_shelf(screen, wanted=name) as shelf:
        found = shelf.get(name)
        others = _other_users(shelf, found)
        if others and not force:
            raise Invalid([problem("rm_used", model=found.reference, recipes=", ".join(others))])
        if not OptionValues.given().yes:
            if not screen.lively:
                raise LimitReached([problem("rm_unasked", model=found.reference)])
            if not screen.confirm(f"Remove {found.reference} from the shelf?"):
                return
        shelf.remove(found.reference)
    screen.say(f"Removed {found.reference}; `nano-banana cache gc` frees the space.")


def _other_users(shelf: AdapterShelf, found: ShelvedAdapter) -> list[str]:
    """The recipes whose last run used it and that didn't train it."""
    return [user for user in shelf.users().get(found.digest, ()) if user != found.card.recipe]


@command.command()
@click.argument("one", metavar="A")
@click.argument("two", metavar="B")
@add_options("--json", "--store")
@pass_screen
def diff(screen: Screen, one: str, two: str) -> None:
    """Show how two adapters differ: settings, training set, likeness, size, trigger.

    Example:
      nano-banana models diff ana@1 ana@2
    """
    with open_shelf(screen, wanted=one) as shelf:
        first, second = shelf.get(one), shelf.get(two)
    if screen.machine:
        screen.json(adapter_diff_json(first, second))
    else:
        say_adapter_diff(screen, first, second)


command.add_command(export)
command.add_command(import_adapter)
