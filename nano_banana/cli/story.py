"""A take's story in words: each call's fate, and what changed, old → new."""

from __future__ import annotations

import difflib

from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_object
from nano_banana.project.nouns import Change
from nano_banana.project.nouns import Difference
from nano_banana.project.story import CallStory
from nano_banana.project.story import Story

COLOURS = {"ran": "green", "reused": "cyan", "would run": "yellow"}
CONTEXT = 4
"""Words shown on either side of those that changed."""


def say_story(screen: Screen, story: Story) -> None:
    """Print the take, then a line for each call and one for each value that changed."""
    screen.say(f"{story.record.id}: {story.record.status}")
    width = max((len(call.stage) for call in story.calls), default=0)
    for call in story.calls:
        screen.say(f"  {call.stage:<{width}}  {call.provider} {call.endpoint}: {_fate(screen, call)}")
        for change in call.changes or ():
            screen.say(f"      {told(change, story)}")
    for call in story.calls:
        if prompt := as_object(call.document["arguments"]).get("prompt"):
            screen.say(f"  prompt of {call.stage}: {prompt}")


def _fate(screen: Screen, call: CallStory) -> str:
    fate = screen.paint(COLOURS[call.fate], call.fate)
    if call.run is not None:
        return f"{fate} (made by run {call.run})" if call.fate == "reused" else f"{fate} (run {call.run})"
    return fate if call.changes is not None else f"{fate} (not made before)"


def told(change: Difference, story: Story) -> str:
    """One difference: a value old → new, a prompt word by word, files by what they are."""
    if not isinstance(change, Change):
        names = ", ".join(story.sources.get(digest, digest[:12]) for digest in change.added)
        parts = [f"{numbered(len(change.added), 'file')} added ({names})"] if change.added else []
        parts += [f"{numbered(len(change.removed), 'file')} removed"] if change.removed else []
        return f"{change.series}: {', '.join(parts)}"
    name = change.path.removeprefix("arguments/").removeprefix("inputs/")
    if change.path.startswith("inputs/"):
        source = story.sources.get(str(change.new), "")
        return f"{name}: another file" + (f", from {source}" if source else "")
    if isinstance(change.old, str) and isinstance(change.new, str) and " " in change.old + change.new:
        return f"{name}: {words(change.old, change.new)}"
    return f"{name}: {_value(change.old)} → {_value(change.new)}"


def _value(value: JSONValue) -> str:
    return "nothing" if value is None else str(value)


def words(old: str, new: str) -> str:
    """A word diff: `… in [-a bright office-] {+a rainy street+}, 85 mm …`."""
    before, after = old.split(), new.split()
    parts = []
    for tag, start, end, other, until in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
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
