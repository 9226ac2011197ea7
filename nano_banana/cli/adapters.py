"""Adapters on the shelf as a terminal and a program read them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.amounts import moment, money, size
from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, JSONValue

if TYPE_CHECKING:
    from nano_banana.project.shelf_nouns import Shelved
    from nano_banana.store.adapters import Use

HEAD = ("adapter", "for", "trigger", "noun", "trainer", "photos", "likeness", "cost", "date", "used by")
SOURCES = {"trained": "trained here", "imported": "imported from an archive", "file": "imported from a file"}


def say_list(screen: Screen, shelved: Sequence[Shelved], users: Mapping[str, Sequence[str]]) -> None:
    """One line for each version."""
    if not shelved:
        screen.say(
            "nothing is on the shelf yet; a run puts each adapter that it trains there, `models import FILE` brings one"
        )
        return
    screen.table([_row(found, users.get(found.digest, ())) for found in shelved], head=HEAD)


def say_one(screen: Screen, found: Shelved, users: Sequence[str], uses: Sequence[Use]) -> None:
    """All that is known of one version."""
    screen.say(screen.paint("bold", visible(found.reference)))
    screen.table([(name, text) for name, text in facts(found).items() if text], indent=2)
    if found.card.settings:
        screen.say("  settings")
        screen.table([(name, _value(value)) for name, value in sorted(found.card.settings.items())], indent=4)
    screen.say(
        f"  the last run of {', '.join(map(visible, users))} draws with it" if users else "  no recipe draws with it"
    )
    if uses:
        rows = [
            (use.run, use.recipe or "(forgotten)", numbered(use.calls, "picture"), _day(use.last_at)) for use in uses
        ]
        screen.table(rows, head=("run", "recipe", "drawn", "date"), indent=4)


def facts(found: Shelved) -> Mapping[str, str]:
    """What is told of a version, in words, by name; settings aside. What is not known is empty."""
    card = found.card
    return {
        "tags": ", ".join(found.tags),
        "subject": card.subject,
        "trigger": card.trigger,
        "noun": card.noun,
        "for": card.base,
        "came": SOURCES[card.origin],
        "trainer": card.trainer,
        "provider": card.provider,
        "photos": "" if card.photos is None else f"{card.photos:,}",
        "training set": card.training_set[:12],
        "likeness": _likeness(found, words=True),
        "cost": money(card.cost_usd) if card.trainer else "",
        "date": moment(card.made_at) if card.made_at else "",
        "recipe": card.recipe,
        "run": card.run,
        "size": size(found.size),
        "digest": found.digest,
    }


def say_diff(screen: Screen, one: Shelved, two: Shelved) -> None:
    """What is told of both, where it differs; settings by name."""
    before, after = _flat(one), _flat(two)
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


def diff_json(one: Shelved, two: Shelved) -> JSONObject:
    """The same, for programs."""
    before, after = shelved_json(one, ()), shelved_json(two, ())
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


def shelved_json(found: Shelved, users: Sequence[str]) -> JSONObject:
    """A version for programs, flat."""
    from nano_banana.project.shelf_nouns import card_json

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


def _row(found: Shelved, users: Sequence[str]) -> tuple[str, ...]:
    card = found.card
    tags = f" ({', '.join(found.tags)})" if found.tags else ""
    return (
        f"{found.reference}{tags}",
        card.base,
        card.trigger,
        card.noun,
        card.trainer.removeprefix("fal-ai/") or f"({card.origin})",
        "" if card.photos is None else f"{card.photos:,}",
        _likeness(found),
        money(card.cost_usd) if card.trainer else "",
        _day(card.made_at) if card.made_at else "",
        ", ".join(users),
    )


def _likeness(found: Shelved, *, words: bool = False) -> str:
    card = found.card
    if card.likeness is None:
        return ""
    number = f"{card.likeness:.2f}"
    return f"{number} (median of {card.judged:,} first {'try' if card.judged == 1 else 'tries'})" if words else number


def _flat(found: Shelved) -> dict[str, str]:
    told = {name: text for name, text in facts(found).items() if name not in ("tags", "run")}
    return {**told, **{f"with {name}": _value(value) for name, value in sorted(found.card.settings.items())}}


def _value(value: JSONValue) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
