"""Two runs side by side, in words: what came, went and changed, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from nano_banana.cli.amounts import money, spent
from nano_banana.cli.cells import visible
from nano_banana.cli.past.showing import take_json
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.cli.story import swapped, told
from nano_banana.cli.verdict import likeness
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.project.nouns import Change
from nano_banana.project.runs import Cause, Changed, Contrast, KeptTake, Snapshot, cost_of

MOST = 6
"""Takes that are named of many with the same causes."""
KINDS = 12
"""Groups of takes with the same causes that are told."""


def say_contrast(screen: Screen, found: Contrast) -> None:
    """Print what came, what went and what changed, those with the same causes together; then the costs."""
    old, new = found.old, found.new
    screen.say(f"{_titled(old)} → {_titled(new)}")
    if old.recipe != new.recipe:
        screen.say("  (two recipes: only takes of the same name can be compared)")
    sources = _sources(found)
    for title, sign, colour, nodes in (
        ("added" if old.whole else "not in the first run, which was of a part", "+", "green", found.added),
        ("gone" if new.whole else "not in the second run, which was of a part", "-", "red", found.gone),
    ):
        if nodes:
            screen.say(f"{_counted(nodes)} {title}:")
            screen.say(f"  {screen.paint(colour, sign)} {_names([node.id for node in nodes])}")
    if found.changed:
        screen.say(f"{_counted([each.new for each in found.changed])} changed:")
    groups = _grouped(found.changed)
    for some in groups[:KINDS]:
        screen.say(f"  {screen.paint('yellow', '~')} {_names([_named(each) for each in some])}")
        for cause in some[0].causes:
            screen.say(f"      {visible(_reason(cause, sources))}")
    if len(groups) > KINDS:
        screen.say(f"  and {sum(map(len, groups[KINDS:])):,} more for other reasons; `--json` tells of them all")
    screen.say(_rest(found))
    if said := _costs(old, new):
        screen.say(said)


def contrast_json(found: Contrast) -> JSONObject:
    """The same, with every take."""
    return {
        "old": _run_json(found.old),
        "new": _run_json(found.new),
        "added": [take_json(node) for node in found.added],
        "gone": [take_json(node) for node in found.gone],
        "changed": [
            {
                "id": each.new.id,
                "was": each.old.id,
                "causes": [_cause_json(cause) for cause in each.causes],
                "old": take_json(each.old),
                "new": take_json(each.new),
            }
            for each in found.changed
        ],
        "same": found.same,
    }


def _titled(snapshot: Snapshot) -> str:
    return f"{snapshot.run} ({visible(snapshot.recipe)}, {numbered(len(snapshot.takes), 'take')})"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(visible(name) for name in names[:MOST]) + more


def _named(each: Changed) -> str:
    return each.new.id if each.old.id == each.new.id else f"{each.old.id} → {each.new.id}"


def _counted(nodes: Sequence[KeptTake]) -> str:
    takes = sum(node.card.kind == "take" for node in nodes)
    others = len(nodes) - takes
    also = f" and {others:,} that takes hang on" if takes and others else ""
    return numbered(takes, "take") + also if takes or not others else f"{others:,} that takes hang on"


def _grouped(changed: Sequence[Changed]) -> list[list[Changed]]:
    """Those with the same causes together, the trainings first, then the largest group."""
    found: dict[str, list[Changed]] = {}
    for each in changed:
        found.setdefault(repr([_core(cause) for cause in each.causes]), []).append(each)
    return sorted(found.values(), key=lambda some: (some[0].new.card.kind == "take", -len(some)))


def _core(cause: Cause) -> object:
    """What makes two causes one: of texts the words that differ, and not those around them."""
    change = cause.change
    if isinstance(change, Change) and isinstance(change.old, str) and isinstance(change.new, str):
        return cause.stage, change.path, swapped(change.old, change.new)
    return cause


def _reason(cause: Cause, sources: Mapping[str, str]) -> str:
    return (f"{cause.stage}: " if cause.stage else "") + _said(cause, sources)


def _said(cause: Cause, sources: Mapping[str, str]) -> str:
    if cause.change is not None:
        return told(cause.change, sources)
    old, new = cause.old, cause.new
    said = {
        "unknown": "another call; the store no longer has both to compare",
        "bytes": "the same calls, another picture",
        "calls": f"{old} → {new} calls",
        "threshold": f"needs {_number(old)} → {_number(new)}",
        "left": f"went {_way(old)} → {_way(new)}",
    }
    return said.get(cause.kind) or f"{_word(old)} → {_word(new)}"


def _number(value: JSONValue) -> str:
    return likeness(value if isinstance(value, float) else None)


def _way(stage: JSONValue) -> str:
    return f"no further than {stage}" if stage else "all the way"


def _word(value: JSONValue) -> str:
    return "not judged" if value is None else str(value).replace("_", " ")


def _sources(found: Contrast) -> Mapping[str, str]:
    """What the digests in calls are: a stage's picture, or an adapter."""
    return dict(_made(found.old)) | dict(_made(found.new))


def _made(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for node in snapshot.nodes:
        yield from ((picture.digest, picture.stage) for picture in node.pictures)
        if node.result:
            yield node.result, node.id


def _rest(found: Contrast) -> str:
    if found.changed or found.added or found.gone:
        return f"{found.same:,} unchanged"
    return f"no difference: all {found.same:,} are as they were"


def _costs(old: Snapshot, new: Snapshot) -> str:
    """Empty where nothing cost anything."""
    (before, unknown_before), (after, unknown_after) = cost_of(old), cost_of(new)
    if not (before or unknown_before or after or unknown_after):
        return ""
    billed = [spent(*cost_of(snapshot, fresh=True)) or money(0.0) for snapshot in (old, new)]
    change = after - before
    sign = "+" if change > 0 else "-"
    moved = f" ({sign}{money(abs(round(change, 6)))})" if change else ""
    whole = [spent(before, unknown_before) or money(0.0), spent(after, unknown_after) or money(0.0)]
    return f"cost of all calls: {whole[0]} → {whole[1]}{moved}; made by the run itself: {billed[0]} → {billed[1]}"


def _run_json(snapshot: Snapshot) -> JSONObject:
    (known, unknown), (billed, unbilled) = cost_of(snapshot), cost_of(snapshot, fresh=True)
    return {
        "run": snapshot.run,
        "recipe": snapshot.recipe,
        "whole": snapshot.whole,
        "takes": len(snapshot.takes),
        "cost_usd": known,
        "unknown_cost": unknown,
        "made_cost_usd": billed,
        "made_unknown_cost": unbilled,
    }


def _cause_json(cause: Cause) -> JSONObject:
    change = None if cause.change is None else dataclasses.asdict(cause.change)
    return {"kind": cause.kind, "stage": cause.stage, "change": change, "old": cause.old, "new": cause.new}
