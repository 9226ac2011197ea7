"""`models`: list, share, import and export adapters."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.diagnostics import plural
from nano_banana.cli.formatting import file_size, money, utc_time, visible
from nano_banana.cli.options import FILE, as_json, overrides, pass_screen, store, yes
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, LimitReached, problem
from nano_banana.model.ticket import is_loopback_url

if TYPE_CHECKING:
    from nano_banana.store.adapter_shelf import ShelvedAdapter
    from nano_banana.store.adapter_table import AdapterUse

SECTION = ("Keep", 1)

ADAPTER_HEAD = ("adapter", "for", "trigger", "noun", "trainer", "photos", "likeness", "cost", "date", "used by")
ORIGIN_TEXTS = {"trained": "trained here", "imported": "imported from an archive", "file": "imported from a file"}


def say_adapters(screen: Screen, shelved: Sequence[ShelvedAdapter], users: Mapping[str, Sequence[str]]) -> None:
    """One line for each version."""
    if not shelved:
        screen.say(
            "nothing is on the shelf yet; a run puts each adapter that it trains there, `models import FILE` brings one"
        )
        return
    screen.table([_adapter_row(found, users.get(found.digest, ())) for found in shelved], head=ADAPTER_HEAD)


def say_adapter(screen: Screen, found: ShelvedAdapter, users: Sequence[str], uses: Sequence[AdapterUse]) -> None:
    """All that is known of one version."""
    screen.say(screen.paint("bold", visible(found.reference)))
    screen.table([(name, text) for name, text in adapter_facts(found).items() if text], indent=2)
    if found.card.settings:
        screen.say("  settings")
        screen.table([(name, _setting_value(value)) for name, value in sorted(found.card.settings.items())], indent=4)
    screen.say(
        f"  the last run of {', '.join(map(visible, users))} draws with it" if users else "  no recipe draws with it"
    )
    if uses:
        rows = [
            (use.run, use.recipe or "(forgotten)", plural(use.calls, "picture"), _utc_date(use.last_at)) for use in uses
        ]
        screen.table(rows, head=("run", "recipe", "drawn", "date"), indent=4)


def adapter_facts(found: ShelvedAdapter) -> Mapping[str, str]:
    """What is told of a version, in words, by name; settings aside. What is not known is empty."""
    card = found.card
    return {
        "tags": ", ".join(found.tags),
        "subject": card.subject,
        "trigger": card.trigger,
        "noun": card.noun,
        "for": card.base,
        "came": ORIGIN_TEXTS[card.origin],
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
    """What is told of both, where it differs; settings by name."""
    before, after = _flat_facts(one), _flat_facts(two)
    rows = [
        (name, before.get(name) or "–", after.get(name) or "–")
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    if rows:
        screen.table(rows, head=("", one.reference, two.reference))
    if one.digest == two.digest:
        screen.say(f"{visible(one.reference)} and {visible(two.reference)} are the same bytes")
    elif one.card.training_set and one.card.training_set == two.card.training_set:
        screen.say("trained from the same photos and captions")


def adapter_diff_json(one: ShelvedAdapter, two: ShelvedAdapter) -> JSONObject:
    """The same, for programs."""
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
    """A version for programs, flat."""
    from nano_banana.store.adapter_shelf import card_json

    return {
        "reference": found.reference,
        "name": found.name,
        "version": found.version,
        "tags": list(found.tags),
        "digest": found.digest,
        "size": found.size,
        **card_json(found.card),
        "used_by": list(users),
    }


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


if TYPE_CHECKING:
    from nano_banana.features.shelf.adapter_import import ImportedAdapter
    from nano_banana.store.adapter_shelf import AdapterShelf

ADAPTER_METAVAR = "NAME[@VERSION|@TAG]"


@contextmanager
def open_shelf(screen: Screen, folder: Path | None, *, wanted: str = "") -> Iterator[AdapterShelf]:
    """The shelf of the project around the working folder.

    Raises Invalid (`shelf_empty`) where there is no store yet, unless nothing is `wanted` of it: then one is made.
    """
    from nano_banana.store.adapter_shelf import AdapterShelf

    found = settings_for(screen, overrides=overrides(store=folder)).store
    if wanted and not found.is_dir():
        raise Invalid([problem("shelf_empty", name=wanted)])
    with AdapterShelf.opened(found) as shelf:
        yield shelf


@click.command(epilog="\b\nExample:\n  nano-banana models export ana@3 ana.nbm --samples 4\n")
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.argument("file", type=FILE)
@click.option(
    "--samples", type=click.IntRange(0, 99), default=0, metavar="N", help="The last N pictures drawn with it."
)
@click.option("--with-photos", is_flag=True, help="The photos that it was trained from, without their metadata.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@as_json
@store
@pass_screen
def export(
    screen: Screen,
    name: str,
    file: Path,
    *,
    samples: int,
    with_photos: bool,
    force: bool,
    as_json: bool,
    store: Path | None,
) -> None:
    """Write an adapter to one file, for `models import` elsewhere.

    It holds the adapter, its card and checksums; never the photos, unless you say so.
    """
    from nano_banana.features.shelf.adapter_archive import export_adapter as write

    with open_shelf(screen, store, wanted=name) as shelf:
        found = shelf.get(name)
        done = write(shelf, found, file.absolute(), samples=samples, photos=with_photos, replace=force)
    if as_json:
        told: JSONObject = {"reference": found.reference, "file": str(file), "digest": found.digest, "size": done.size}
        screen.json({**told, "samples": done.samples, "photos": done.photos})
        return
    inside = [f"with {plural(done.samples, 'sample')}"] if samples else []
    inside += [
        f"with {plural(done.photos, 'photo')} of the training: give it to nobody who may not have them"
    ] * with_photos
    screen.say(
        f"{found.reference} is in {visible(str(file))} ({file_size(done.size)})"
        + "".join(f", {each}" for each in inside)
    )


@click.command(
    name="import",
    epilog="\b\nExamples:\n  nano-banana models import ana.nbm\n"
    "  nano-banana models import ana.safetensors --name ana --trigger anqz7 --noun woman --base flux-1\n",
)
@click.argument("file", type=FILE)
@click.option("--name", default="", help="The name on the shelf; as the file says, if not said.")
@click.option("--trigger", default="", help="The word that it listens to.")
@click.option("--noun", default="", help="What that word stands for: woman, man, dog …")
@click.option(
    "--base", default="", metavar="FAMILY", help="The model that it was made for, where the file doesn't tell."
)
@as_json
@store
@pass_screen
def import_adapter(
    screen: Screen, file: Path, *, name: str, trigger: str, noun: str, base: str, as_json: bool, store: Path | None
) -> None:
    """Bring in an adapter: an `.nbm` archive, or a `.safetensors` file of another trainer.

    Everything is verified before anything is kept; pickles (`.pt`, `.ckpt`, `.bin`) are never opened.
    """
    from nano_banana.features.shelf.adapter_import import ImportOptions, adapter_families
    from nano_banana.features.shelf.adapter_import import import_adapter_file as take

    settings = settings_for(screen)
    rehearses = is_loopback_url(settings.fal_url)
    with open_shelf(screen, store) as shelf:
        wanted = ImportOptions(name=name, trigger=trigger, noun=noun, base=base)
        brought = take(shelf, file.absolute(), wanted, families=adapter_families(settings), rehearses=rehearses)
    if as_json:
        screen.json({**adapter_json(brought.shelved, ()), "known": brought.known})
    else:
        _say_imported(screen, brought)


def _say_imported(screen: Screen, brought: ImportedAdapter) -> None:
    found = brought.shelved
    if brought.known:
        screen.say(f"{found.reference} is these very bytes: no new version")
        return
    said = f'"{visible(" ".join(filter(None, (found.card.trigger, found.card.noun))))}"' if found.card.trigger else ""
    screen.say(
        f"{found.reference} is on the shelf: {found.card.base}, {file_size(found.size)}" + (f", {said}" if said else "")
    )
    if not said:
        screen.note("its file names no trigger; say `--trigger` if you know the word that it listens to")
    if any(brought.others.values()):
        kinds = (plural(many, folder.rstrip("/").removesuffix("s")) for folder, many in brought.others.items() if many)
        screen.note(f"verified, and left in the archive: {' and '.join(kinds)}")
    screen.say(f"in a recipe: `adapters: {{{found.name}: {{model: {found.reference}}}}}`")


if TYPE_CHECKING:
    from nano_banana.store.adapter_shelf import AdapterShelf, ShelvedAdapter

EPILOG = """\b
Examples:
  nano-banana models
  nano-banana models show ana@3
  nano-banana models export ana ana.nbm --samples 4
  nano-banana models import ~/Downloads/ana-lora.safetensors --name ana --trigger anqz7 --noun woman
"""


@click.group(name="models", cls=SuggestingGroup, epilog=EPILOG, invoke_without_command=True)
@as_json
@store
@click.pass_context
def command(context: click.Context, *, as_json: bool, store: Path | None) -> None:
    """List, share and bring in adapters.

    Every adapter that a run trains is put on the shelf, under its subject's name and the next version. A recipe
    draws with it by `adapters: {ana_lora: {model: ana@3}}`; the lock pins its bytes.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_adapters, as_json=as_json, store=store)


@command.command(name="list", epilog="\b\nExamples:\n  nano-banana models list\n  nano-banana models list --json\n")
@as_json
@store
@pass_screen
def list_adapters(screen: Screen, *, as_json: bool = False, store: Path | None = None) -> None:
    """List every adapter, by name and version."""
    found, users = _all_adapters(screen, store)
    if as_json:
        screen.json({"models": [adapter_json(each, users.get(each.digest, ())) for each in found]})
    else:
        say_adapters(screen, found, users)


def _all_adapters(screen: Screen, store: Path | None) -> tuple[Sequence[ShelvedAdapter], Mapping[str, Sequence[str]]]:
    """All that is on the shelf, and who draws with it; looking makes no store."""
    if not settings_for(screen, overrides=overrides(store=store)).store.is_dir():
        return (), {}
    with open_shelf(screen, store) as shelf:
        return shelf.all(), shelf.users()


@command.command(epilog="\b\nExamples:\n  nano-banana models show ana\n  nano-banana models show ana@2 --json\n")
@click.argument("name", metavar=ADAPTER_METAVAR)
@as_json
@store
@pass_screen
def show(screen: Screen, name: str, *, as_json: bool, store: Path | None) -> None:
    """Say all that is known of an adapter, and who drew with it."""
    with open_shelf(screen, store, wanted=name) as shelf:
        found = shelf.get(name)
        users = shelf.users().get(found.digest, ())
        uses = [use for use in shelf.uses() if use.digest == found.digest]
    if as_json:
        runs: list[JSONObject] = [
            {"run": use.run, "recipe": use.recipe, "calls": use.calls, "last_at": use.last_at} for use in uses
        ]
        screen.json({**adapter_json(found, users), "runs": runs})
    else:
        say_adapter(screen, found, users, uses)


@command.command(epilog="\b\nExample:\n  nano-banana models rename ana ana-2026\n")
@click.argument("old", metavar="NAME")
@click.argument("new", metavar="NEW")
@store
@pass_screen
def rename(screen: Screen, old: str, new: str, *, store: Path | None) -> None:
    """Give a name's versions another name; recipes that name the old one must be changed."""
    with open_shelf(screen, store, wanted=old) as shelf:
        shelf.rename(old, new)
        users = sorted({user for each in shelf.all() if each.name == new for user in _other_users(shelf, each)})
    screen.say(f"{old} is {new} now")
    if users:
        screen.note(f"drawn with by {', '.join(map(visible, users))}: where a recipe says `model: {old}`, change it")


@command.command(
    epilog="\b\nExamples:\n  nano-banana models tag ana@3 good\n  nano-banana models tag ana good --remove\n"
)
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.argument("tag")
@click.option("--remove", is_flag=True, help="Let the tag stand for nothing any more.")
@store
@pass_screen
def tag(screen: Screen, name: str, tag: str, *, remove: bool, store: Path | None) -> None:
    """Give a version a name of its own, which a recipe may use: `model: ana@good`."""
    with open_shelf(screen, store, wanted=name) as shelf:
        if remove:
            found = shelf.untag(name.partition("@")[0], tag)
            screen.say(f"{found.name}@{tag} no longer stands for {found.reference}")
        else:
            found = shelf.tag(name, tag)
            screen.say(f"{found.name}@{tag} stands for {found.reference}")


@command.command(epilog="\b\nExample:\n  nano-banana models rm ana@2 --yes\n")
@click.argument("name", metavar=ADAPTER_METAVAR)
@click.option("--force", is_flag=True, help="Also what another recipe's last run drew with.")
@yes
@store
@pass_screen
def rm(screen: Screen, name: str, *, force: bool, yes: bool, store: Path | None) -> None:
    """Take a version off the shelf.

    Its number is never given again. The bytes go with `nano-banana cache gc`, unless a run still needs them; what a
    recipe trained itself, its next run puts back.
    """
    with open_shelf(screen, store, wanted=name) as shelf:
        found = shelf.get(name)
        others = _other_users(shelf, found)
        if others and not force:
            raise Invalid([problem("rm_used", model=found.reference, recipes=", ".join(others))])
        if not yes and not _confirm_removal(screen, found.reference):
            return
        shelf.remove(found.reference)
    screen.say(f"{found.reference} is off the shelf; `nano-banana cache gc` frees what nothing else needs")


def _other_users(shelf: AdapterShelf, found: ShelvedAdapter) -> list[str]:
    """The recipes that drew with it last and did not train it: it is on the shelf that they need it."""
    return [user for user in shelf.users().get(found.digest, ()) if user != found.card.recipe]


def _confirm_removal(screen: Screen, reference: str) -> bool:
    if not screen.lively:
        raise LimitReached([problem("rm_unasked", model=reference)])
    return screen.confirm(f"take {reference} off the shelf?")


@command.command(epilog="\b\nExample:\n  nano-banana models diff ana@1 ana@2\n")
@click.argument("one", metavar="A")
@click.argument("two", metavar="B")
@as_json
@store
@pass_screen
def diff(screen: Screen, one: str, two: str, *, as_json: bool, store: Path | None) -> None:
    """Say in what two adapters differ: settings, training set, likeness, size, trigger."""
    with open_shelf(screen, store, wanted=one) as shelf:
        first, second = shelf.get(one), shelf.get(two)
    if as_json:
        screen.json(adapter_diff_json(first, second))
    else:
        say_adapter_diff(screen, first, second)


command.add_command(export)
command.add_command(import_adapter)
