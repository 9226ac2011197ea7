"""What gates said of a run's pictures, in a few lines for each gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from nano_banana.cli.cells import visible
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict import likeness, reason_name, why
from nano_banana.core.verdict import Ruling
from nano_banana.project.acceptance import acceptance, by_kind
from nano_banana.project.nouns import Acceptance, Counts, Record, judged_picture

SHOWN = 20
"""Takes that are listed; `run --json` has all of them."""

VALUES = 12
"""Values of an axis that are listed."""


def say_acceptance(screen: Screen, records: Sequence[Record], folder: str) -> None:
    """Print each gate's sums and where they differ, and the takes that a person is to look at."""
    accounts = acceptance(records)
    for stage, account in accounts.items():
        screen.say(f"{visible(stage)}: {summary(account.takes) or 'no take judged to its end yet'}")
        for name, values in groups(account).items():
            screen.say(f"  {visible(name)}: {_values(values)}")
        if len(kinds := by_kind(account)) > 1:
            shares = [f"{kind} {counts[Ruling.ACCEPTED]:,}/{counts.judged:,}" for kind, counts in kinds.items()]
            screen.say(f"  attempts: {', '.join(shares)}")
    if accounts:
        _say_same_photos(screen, records)
    unchosen = Counter(record.left.stage for record in records if record.left and record.left.why == "not_chosen")
    for stage, count in unchosen.items():
        screen.say(f"{visible(stage)}: {count:,} not chosen")
    _say_unsure(screen, records, folder)


def summary(counts: Counts) -> str:
    """`39 of 48 accepted, 2 unsure, 7 rejected (5 too far, 2 no face), 4 not judged`."""
    parts = [f"{counts[Ruling.ACCEPTED]:,} of {counts.judged:,} accepted"] if counts.judged else []
    if counts[Ruling.UNSURE]:
        parts.append(f"{counts[Ruling.UNSURE]:,} unsure")
    if counts[Ruling.REJECTED]:
        reasons = _reasons(counts)
        parts.append(f"{counts[Ruling.REJECTED]:,} rejected" + (f" ({reasons})" if reasons else ""))
    if counts[Ruling.NOT_JUDGED]:
        parts.append(f"{counts[Ruling.NOT_JUDGED]:,} not judged")
    return ", ".join(parts)


def groups(account: Acceptance) -> dict[str, Mapping[str, Counts]]:
    """The groupings of takes that tell something: those with more than one value."""
    named = {"template": account.templates, "subject": account.subjects, **account.axes}
    return {name: values for name, values in named.items() if len(values) > 1}


def _values(values: Mapping[str, Counts]) -> str:
    """`corporate 14/16, oil not judged, street 9/16: 5 too far, 2 no face`: one that has reasons comes last."""
    shown = dict(list(values.items())[:VALUES])
    refused = [name for name, counts in shown.items() if counts.reasons]
    ordered = [name for name in shown if [name] != refused] + (refused if len(refused) == 1 else [])
    said = [_value(name, shown[name], alone=len(refused) == 1) for name in ordered]
    more = [f"and {len(values) - VALUES:,} more"] if len(values) > VALUES else []
    return ", ".join([*more, *said] if len(refused) == 1 else [*said, *more])


def _value(name: str, counts: Counts, *, alone: bool) -> str:
    said = f"{counts[Ruling.ACCEPTED]:,}/{counts.judged:,}" if counts.judged else "not judged"
    reasons = _reasons(counts)
    told = f": {reasons}" if alone else f" ({reasons})"
    return f"{visible(name)} {said}{told if reasons else ''}"


def _reasons(counts: Counts) -> str:
    return ", ".join(f"{count:,} {reason_name(kind)}" for kind, count in counts.reasons.items())


def _say_same_photos(screen: Screen, records: Sequence[Record]) -> None:
    people = [record for record in records if record.card.kind == "person"]
    same = dict.fromkeys(record.card.subject for record in people if record.person.get("held_out") is False)
    if same:
        names = ", ".join(map(visible, same))
        screen.say(f"{names}: compared with the photos that trained, since none are held out; likeness reads high")


def _say_unsure(screen: Screen, records: Sequence[Record], folder: str) -> None:
    """List those whose last word at some gate is that a person is to look."""
    found: dict[tuple[str, str, str], tuple[str, str, str, str]] = {}
    for record in records:
        name = record.id.partition("@")[0]
        for ruled in record.verdicts:
            if ruled.last and ruled.ruling is Ruling.UNSURE:
                picture, key = judged_picture(record, ruled), (name, ruled.stage, ruled.digest)
                place = f"{folder}/{picture.name}" if picture else ""
                # One that goes on by several ways is there several times, and looked at once.
                found.setdefault(key, (record.id, likeness(ruled.score), why(ruled), place))
    rows = list(found.values())
    if not rows:
        return
    screen.say(screen.paint("yellow", f"{len(rows):,} unsure, for you to look at:"))
    screen.table(rows[:SHOWN], indent=2)
    if len(rows) > SHOWN:
        screen.say(f"  … {len(rows) - SHOWN:,} more")
