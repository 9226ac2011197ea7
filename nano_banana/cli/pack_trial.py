"""What a test of packs found, in tables and with places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.acceptance import summary
from nano_banana.cli.amounts import money
from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject

if TYPE_CHECKING:
    from nano_banana.project.packs.testing import TestedPack, TestedTemplate

KEY = 12
"""Characters of a call's key that are shown."""


def say_tested(screen: Screen, tested: Sequence[TestedPack]) -> None:
    """Print a table for each pack, what is wrong with it, and a sum."""
    for whole in tested:
        version = "" if whole.pack is None else f" {whole.pack.version}"
        screen.say(f"{screen.paint('bold', visible(whole.name) + version)}")
        if whole.templates:
            judged = any(each.accepted is not None for each in whole.templates)
            head = ("template", "prompts", "pictures", "a picture", "call", *(("gate",) if judged else ()))
            screen.table([_row(each, judged=judged) for each in whole.templates], head=head, indent=2)
        _say_faults(screen, whole)
        screen.say()
    bad = [whole.name for whole in tested if not whole.good]
    prompts = sum(each.cases for whole in tested for each in whole.templates)
    count = f"{numbered(len(tested), 'pack')}, {numbered(sum(len(whole.templates) for whole in tested), 'template')}"
    end = f"something is wrong with {', '.join(map(visible, bad))}" if bad else "nothing wrong"
    screen.say(f"{count}, {numbered(prompts, 'prompt')}: {end}")


def _row(each: TestedTemplate, *, judged: bool) -> tuple[str, ...]:
    planned = each.planned
    known = [picture.cost_usd for picture in planned if picture.cost_usd is not None]
    low, high = (min(known), max(known)) if known else (None, None)
    cost = money(high) if low == high else f"{money(low)} to {money(high)}"
    cells = (
        each.template.name,
        f"{each.cases:,}",
        f"{len(planned):,}" if planned else "-",
        cost if planned else "-",
        planned[0].key[:KEY] if planned else f"{numbered(len(each.faults), 'fault')}" if each.faults else "-",
    )
    if not judged:
        return cells
    gate = "painted, not judged" if not each.template.gate else ""
    return (*cells, gate or (summary(each.accepted) if each.accepted is not None else "no picture"))


def _say_faults(screen: Screen, whole: TestedPack) -> None:
    if whole.problems:
        screen.problems(list(whole.problems))
    for each in whole.templates:
        for fault in each.faults:
            screen.problems([fault.problem])
            screen.note(f"  in {whole.name}/{each.template.name}, {_said(fault.case.noun, fault.case.values)}")


def _said(noun: str, values: JSONObject) -> str:
    said = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"of a {visible(noun)}" + (f", with {visible(said)}" if said else ", with the defaults")
