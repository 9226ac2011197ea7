"""What other thresholds would say of the takes, in a table."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.cli.acceptance import summary
from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict import likeness, why
from nano_banana.core.verdict import Ruling
from nano_banana.project.nouns import Counts
from nano_banana.project.rejudge import Rejudged, Word

SHOWN = 60
"""Takes in the table, those whose ruling changes first; `--json` has all of them."""


def say_rejudged(screen: Screen, rejudged: Rejudged, *, accept: float | None, unsure: float | None) -> None:
    """Print the takes, those that change first, and what it would come to."""
    if rejudged.words:
        words = sorted(rejudged.words, key=lambda word: not changes(word))
        screen.table([_row(word) for word in words[:SHOWN]], head=_HEAD)
        if len(words) > SHOWN:
            screen.say(f"… {len(words) - SHOWN:,} more")
        screen.say()
    for stage, account in rejudged.now.items():
        screen.say(f"{visible(stage)}: {summary(account.takes)}")
    if rejudged.waiting:
        screen.say(f"{numbered(rejudged.waiting, 'take')} not judged yet: only a run can look at them")
    asked = " ".join(
        f"--{name} {value:g}" for name, value in (("accept", accept), ("unsure", unsure)) if value is not None
    )
    if not asked:
        return
    for stage, account in rejudged.now.items():
        screen.say(f"{asked}: {difference(rejudged.before[stage].takes, account.takes)} at {visible(stage)}")
    stages = ", ".join(f"`{visible(stage)}`" for stage in rejudged.gates)
    screen.say(f"to make it so, write {_written(accept, unsure)} in {stages}")


def changes(word: Word) -> bool:
    """Whether a take's ruling is another than it was."""
    return word.before is not None and word.now.ruling is not word.before


def difference(before: Counts, now: Counts) -> str:
    """`3 takes fewer accepted`, `2 takes more accepted`; and whether others change."""
    gained = now[Ruling.ACCEPTED] - before[Ruling.ACCEPTED]
    if gained:
        return f"{numbered(abs(gained), 'take')} {'more' if gained > 0 else 'fewer'} accepted"
    moved = now[Ruling.UNSURE] - before[Ruling.UNSURE]
    if moved:
        return f"as many takes accepted, {numbered(abs(moved), 'take')} {'more' if moved > 0 else 'fewer'} unsure"
    return "nothing changes"


_HEAD = ("take", "gate", "likeness", "needs", "ruling", "before", "why")


def _row(word: Word) -> Sequence[str]:
    ruled = word.now
    before = _said(word.before) if word.before is not None and changes(word) else ""
    place = f"{word.take} ({ruled.attempt.label})" if ruled.attempt.label else word.take
    return (
        place,
        ruled.stage,
        likeness(ruled.score),
        likeness(ruled.threshold),
        _said(ruled.ruling),
        before,
        why(ruled),
    )


def _said(ruling: Ruling) -> str:
    return str(ruling).replace("_", " ")


def _written(accept: float | None, unsure: float | None) -> str:
    said = [] if accept is None else [f"`accept: {{at_least: {accept:g}, calibrate: false}}`"]
    return " and ".join([*said, *([] if unsure is None else [f"`unsure: {{at_least: {unsure:g}}}`"])])
