"""Packs and their templates as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.cells import visible
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONValue

if TYPE_CHECKING:
    from nano_banana.project.packs.library import Found
    from nano_banana.project.packs.nouns import Pack, PackTemplate, Variable


def say_list(screen: Screen, found: Sequence[Found]) -> None:
    """Print a line for each pack; what hides another, and what can't be read, is said below."""
    rows = [_row(each) for each in found]
    screen.table(rows, head=("pack", "version", "templates", "from", "about"))
    for each in found:
        if each.place.hides:
            screen.note(f"warning: your own `{each.place.name}` is used instead of the one that came with the program")
        if each.problems:
            count = numbered(len(each.problems), "problem")
            screen.note(f"warning: `{each.place.name}` can't be used: {count}; see `nano-banana packs test`")


def _row(found: Found) -> tuple[str, ...]:
    pack, place = found.pack, found.place
    home = "project" if place.own else "shipped"
    if pack is None:
        return place.name, "?", "?", home, "can't be read"
    return pack.name, pack.version, str(len(pack.templates)), home, pack.about


def say_pack(screen: Screen, pack: Pack) -> None:
    """Print what a pack holds: its templates, each in a line."""
    license_ = f", {pack.license}" if pack.license else ""
    screen.say(f"{visible(pack.title)} ({pack.name} {pack.version}{visible(license_)}): {visible(pack.about)}")
    screen.say()
    rows = [
        (template.name, ", ".join(template.nouns) or "everybody", _gate(template), template.about)
        for template in pack.templates.values()
    ]
    screen.table(rows, head=("template", "for", "gate", "about"), indent=2)
    screen.say()
    screen.say(f"`nano-banana packs show {pack.name}/{next(iter(pack.templates))}` says more of one.")


def say_template(screen: Screen, pack: Pack, template: PackTemplate) -> None:
    """Print all that a template says of itself, and a piece of a recipe to copy."""
    screen.say(f"{visible(template.title)} ({pack.name}/{template.name}): {visible(template.about)}")
    screen.say()
    for name, text in _facts(template):
        screen.say(f"  {name + ':':<14} {visible(text)}")
    screen.say()
    rows = [_variable(variable) for variable in template.variables.values()]
    screen.table(rows, head=("variable", "type", "default", "about"), indent=2)
    choices = {name: known.choices for name, known in template.variables.items() if known.choices}
    for name, words in choices.items():
        screen.say()
        screen.say(f"  {name}:")
        screen.table([(key, "" if text == key else text) for key, text in words.items()], indent=4)
    screen.say()
    screen.say("In a recipe:")
    screen.say()
    for line in _example(pack, template):
        screen.say(f"  {visible(line)}")


def _facts(template: PackTemplate) -> Iterator[tuple[str, str]]:
    yield "for", ", ".join(template.nouns) or "everybody"
    if template.crops:
        yield "crops", ", ".join(template.crops)
    yield "gate", _gate(template)
    if template.settings:
        yield "settings", ", ".join(f"{name} {value}" for name, value in template.settings.items())
    if template.sizes:
        sizes = {name: f"{size['width']}×{size['height']}" for name, size in template.sizes.items()}
        yield "sizes", ", ".join(f"{name} {size}" for name, size in sizes.items())
    if template.adapter_scale is not None:
        yield "adapter scale", f"{template.adapter_scale:g}"
    yield "prompt", str(template.file)
    if template.preview is not None:
        yield "preview", str(template.preview)


def _gate(template: PackTemplate) -> str:
    return "judged" if template.gate else "painted, not judged"


def _variable(variable: Variable) -> tuple[str, ...]:
    bounds = [f"from {variable.minimum:g}"] if variable.minimum is not None else []
    bounds += [f"to {variable.maximum:g}"] if variable.maximum is not None else []
    kind = " ".join([variable.type.value, *bounds])
    return variable.name, kind, _written(variable.default), variable.about


def _example(pack: Pack, template: PackTemplate) -> Iterator[str]:
    """The first choices with their defaults, so that it can be copied and changed."""
    chosen = [known for known in template.variables.values() if known.choices][:2]
    values = ", ".join(f"{known.name}: {_written(known.default)}" for known in chosen)
    given = f", with: {{{values}}}" if values else ""
    yield "templates:"
    yield f"  {template.name}: {{pack: {pack.name}/{template.name}{given}}}"


def _written(value: JSONValue) -> str:
    """A value as a recipe writes it."""
    if isinstance(value, str):
        return value if value.replace("-", "").replace("_", "").isalpha() else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
