"""The packs that ship with the program, read plainly, and every prompt that they can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import cast

import yaml
from jinja2 import Environment, StrictUndefined

from tests.workspace import ROOT

PACKS = ROOT / "recipes" / "packs"
TRIGGER = "anqz7"
TYPED = {"light": "candlelight from the left", "expression": "a wide grin", "extra": "a moth on the lapel"}
"""What somebody writes into the free texts."""

Node = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice by its key, with the words that the prompt gets; prints its words, as in the program."""

    key: str
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A template of a shipped pack: its entry, its variables with the pack's, and its prompt's text."""

    pack: str
    name: str
    entry: Node
    variables: Mapping[str, Node]
    text: str
    folder: Path

    @property
    def id(self) -> str:
        """As a recipe names it."""
        return f"{self.pack}/{self.name}"

    @property
    def noun(self) -> str:
        """The first noun that it suits."""
        return cast("list[str]", self.entry["nouns"] or ["person"])[0]

    def prompts(self) -> Iterator[tuple[Mapping[str, object], str]]:
        """Each set of choices (and each switch), with free texts as they are and written in, and what is said."""
        template = Environment(undefined=StrictUndefined, autoescape=False).from_string(self.text)  # noqa: S701 — text for a model
        listed = {name: values(variable) for name, variable in self.variables.items()}
        free = [name for name in TYPED if name in listed]
        for typed in ({}, {name: TYPED[name] for name in free}, dict.fromkeys(free, "")):
            fixed = {name: typed.get(name, self.variables[name]["default"]) for name in free}
            names = [name for name in listed if name not in free]
            for chosen in product(*(listed[name] for name in names)):
                context = {**fixed, **dict(zip(names, chosen, strict=True))}
                said = template.render(subject={"trigger": TRIGGER, "noun": self.noun}, **context)
                yield context, " ".join(said.split())


def values(variable: Node) -> list[object]:
    """What a variable may be, for the kinds with a few values; else its default."""
    match variable["type"]:
        case "choice":
            choices = cast("Mapping[str, str] | list[str]", variable["choices"])
            listed = choices if isinstance(choices, Mapping) else {key: key for key in choices}
            return [Choice(key=key, words=words) for key, words in listed.items()]
        case "boolean":
            return [True, False]
        case _:
            return [variable["default"]]


@cache
def packs() -> Mapping[str, Node]:
    """Each pack.yaml by its folder's name."""
    return {file.parent.name: yaml.safe_load(file.read_text("utf-8")) for file in sorted(PACKS.glob("*/pack.yaml"))}


@cache
def templates() -> tuple[Shipped, ...]:
    """All templates of all packs, in the order of the files."""
    return tuple(
        Shipped(
            pack=pack,
            name=name,
            entry=entry,
            variables={
                **cast("Mapping[str, Node]", data["variables"]),
                **cast("Mapping[str, Node]", entry["variables"]),
            },
            text=(PACKS / pack / str(entry["prompt"])).read_text("utf-8"),
            folder=PACKS / pack,
        )
        for pack, data in packs().items()
        for name, entry in cast("Mapping[str, Node]", data["templates"]).items()
    )
