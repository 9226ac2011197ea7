"""A take's story in words: each call's fate, and what changed, old → new."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from nano_banana.cli.cells import one_line
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict import likeness, say_verdict
from nano_banana.core.json import JSONValue, as_items, as_number, as_object, as_whole
from nano_banana.core.result import Status
from nano_banana.core.verdict import Ruling
from nano_banana.project.nouns import Change, Difference, Record, Ruled
from nano_banana.project.story import CallStory, Story

COLOURS = {"ran": "green", "reused": "cyan", "would run": "yellow"}
RULINGS = {Ruling.ACCEPTED: "green", Ruling.UNSURE: "yellow", Ruling.REJECTED: "red"}
LIKENESS = "likeness"
"""The call that a gate judges by."""

CONTEXT = 4
"""Words shown on either side of those that changed."""


def say_story(screen: Screen, story: Story) -> None:
    """Print the take, then by attempt a line for each call, for each value that changed, and for what a gate said."""
    record = story.record
    screen.say(f"{record.id}: {record.status}" + _ended(record))
    if record.person:
        screen.say(f"  {_person(record)}")
    width = max((len(call.stage) for call in story.calls), default=0)
    ahead = [call for call in story.calls if _is_ahead(call, record)]
    label = ""
    for some in _alike([call for call in story.calls if call not in ahead]):
        call = some[-1]
        if call.attempt.label != label:
            label = call.attempt.label
            screen.say(f"  {_heading(call)}")
        times = f" ×{len(some)}" if len(some) > 1 else ""
        screen.say(f"  {call.stage:<{width}}  {call.provider} {call.endpoint}: {_fate(screen, call)}{times}")
        for change in call.changes or ():
            screen.say(f"      {one_line(told(change, story.sources))}")
        for ruled in _said_of(record, call):
            screen.say(f"  {ruled.stage:<{width}}  {_painted(screen, ruled)}")
    if ahead:
        labels = dict.fromkeys(call.attempt.label for call in ahead)
        screen.say(f"  {', '.join(labels)}: would run while the gate refuses ({numbered(len(ahead), 'call')} at most)")
    for call in story.calls:
        if not call.attempt.label and (prompt := as_object(call.document["arguments"]).get("prompt")):
            screen.say(f"  prompt of {call.stage}: {one_line(str(prompt))}")


def _alike(calls: Sequence[CallStory]) -> Iterator[list[CallStory]]:
    """Runs of calls that would read the same: a look at each of twenty photos."""
    for _, some in groupby(enumerate(calls), key=lambda pair: _likeness_of(*pair)):
        yield [call for _, call in some]


def _likeness_of(at: int, call: CallStory) -> tuple[object, ...]:
    apart = at if call.changes else None
    return call.stage, call.attempt.label, call.provider, call.endpoint, call.fate, call.run, call.own, apart


def _ended(record: Record) -> str:
    """What the last gate said, and where the take's way ended early."""
    last, left = record.word, record.left
    said = f"; {say_verdict(last)}" if last else ""
    # Who is chosen of what is not made yet, nobody knows.
    if left is None or (record.status is Status.PLANNED and left.why == "not_chosen"):
        return said
    if last and (last.stage, str(last.ruling)) == (left.stage, left.why):
        return f"{said}; it goes no further"
    return f"{said}; it goes no further than {left.stage}: {left.why.replace('_', ' ')}"


def _person(record: Record) -> str:
    person = record.person
    photos = numbered(as_whole(person.get("references", 0)), "photo")
    how = "held out of the training" if person["held_out"] else "none held out"
    likenesses = [as_number(value) for value in as_items(person.get("calibration"))]
    alike = f"; alike by {likeness(min(likenesses))} to {likeness(max(likenesses))}" if likenesses else ""
    return f"compared with {photos}, {how}{alike}"


def _is_ahead(call: CallStory, record: Record) -> bool:
    """Whether a call belongs to a second chance that nobody has taken yet."""
    tried = {ruled.attempt.label for ruled in record.verdicts}
    return bool(call.attempt.number) and call.fate == "would run" and call.attempt.label not in tried


def _heading(call: CallStory) -> str:
    """`retry1 (seed 7)`; what comes after all attempts belongs to the take itself."""
    if not call.attempt.label:
        return "then"
    detail = ", ".join(f"{name} {value}" for name, value in call.attempt.detail.items())
    return call.attempt.label + (f" ({detail})" if detail else "")


def _said_of(record: Record, call: CallStory) -> list[Ruled]:
    """The verdict that comes of this call, which measured how alike the faces are."""
    if not call.own or call.endpoint != LIKENESS:
        return []
    found = [
        ruled for ruled in record.verdicts if (ruled.stage, ruled.attempt.label) == (call.stage, call.attempt.label)
    ]
    return found[:1]


def _painted(screen: Screen, ruled: Ruled) -> str:
    return screen.paint(RULINGS.get(ruled.ruling, "dim"), say_verdict(ruled))


def _fate(screen: Screen, call: CallStory) -> str:
    fate = screen.paint(COLOURS[call.fate], call.fate)
    if call.run is not None:
        return f"{fate} (made by run {call.run})" if call.fate == "reused" else f"{fate} (run {call.run})"
    return fate if call.changes is not None else f"{fate} (not made before)"


def told(change: Difference, sources: Mapping[str, str]) -> str:
    """One difference: a value old → new, a prompt word by word, files by what they are (digest → name)."""
    if not isinstance(change, Change):
        names = ", ".join(sources.get(digest, digest[:12]) for digest in change.added)
        parts = [f"{numbered(len(change.added), 'file')} added ({names})"] if change.added else []
        parts += [f"{numbered(len(change.removed), 'file')} removed"] if change.removed else []
        return f"{change.series}: {', '.join(parts)}"
    name = change.path.removeprefix("arguments/").removeprefix("inputs/")
    if change.path.startswith("inputs/"):
        source = sources.get(str(change.new), "")
        return f"{name}: another file" + (f", from {source}" if source else "")
    if isinstance(change.old, str) and isinstance(change.new, str) and " " in change.old + change.new:
        return f"{name}: {words(change.old, change.new)}"
    return f"{name}: {_value(change.old)} → {_value(change.new)}"


def _value(value: JSONValue) -> str:
    return "nothing" if value is None else str(value)


def swapped(old: str, new: str) -> list[tuple[str, str]]:
    """The stretches of words that differ: what stood there, and what stands there now."""
    before, after = old.split(), new.split()
    return [
        (" ".join(before[start:end]), " ".join(after[other:until]))
        for tag, start, end, other, until in _opcodes(before, after)
        if tag != "equal"
    ]


def words(old: str, new: str) -> str:
    """A word diff: `… in [-a bright office-] {+a rainy street+}, 85 mm …`."""
    before, after = old.split(), new.split()
    parts = []
    for tag, start, end, other, until in _opcodes(before, after):
        if tag == "equal":
            same = before[start:end]
            short = len(same) > 2 * CONTEXT
            parts += [*same[:CONTEXT], "…", *same[-CONTEXT:]] if short else same
            continue
        if end > start:
            parts.append(f"[-{' '.join(before[start:end])}-]")
        if until > other:
            parts.append(f"{{+{' '.join(after[other:until])}+}}")
    return " ".join(parts)


def _opcodes(before: list[str], after: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
