"""One thing to do: a recipe of one stage, before it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.project.single.worn import Worn

SEED_TAG = "nano-banana/single/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the pictures; `photos` is the folder of those that an adapter is trained on."""

    name: str
    noun: str
    trigger: str
    photos: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """What one command asks for. `verb` is the stage's; `name` the recipe's, and of the output folder.

    `pictures` are opened first, each a take of its own; `images` all go into one request. `seeds` are those that were
    asked for: without, `count` of them follow from the words. `words` are the user's, `front` is put before them.
    `options` are the endpoint's own fields, `settings` the stage's other keys. Files are absolute; `root` is the
    project's.
    """

    command: str
    verb: str
    name: str
    endpoint: str
    person: Person | None = None
    models: Sequence[Worn] = ()
    words: str = ""
    front: str = ""
    pictures: Sequence[Path] = ()
    images: Sequence[Path] = ()
    mask: JSONObject = field(default_factory=dict)
    mask_file: Path | None = None
    settings: JSONObject = field(default_factory=dict)
    options: JSONObject = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    count: int = 1
    provider: str | None = None
    budget_usd: float | None = None
    root: Path = Path()

    @property
    def prompt(self) -> str:
        """All of the prompt; empty for work without words."""
        return ", ".join(filter(None, [self.front, self.words]))

    @property
    def sown(self) -> tuple[int, ...]:
        """The seeds of its takes: more of them leave the first ones as they are, and so does any other setting."""
        if self.seeds:
            return self.seeds
        found: dict[int, None] = {}
        at = 0
        while len(found) < self.count:
            words = "\n".join([SEED_TAG, self.words, str(at)])
            found[int.from_bytes(hashlib.sha256(words.encode(errors="surrogatepass")).digest()[:4], "big") >> 1] = None
            at += 1
        return tuple(found)


def with_triggers(single: Single) -> tuple[Single, tuple[str, ...]]:
    """The same with the triggers that its prompt lacks put in front; and the words that were.

    The first model's person is the subject of the prompt; a style is called by its own trigger.
    """
    said: list[str] = []
    front: list[str] = []
    for model in single.models:
        is_subject = single.person is not None and model.trigger == single.person.trigger
        named = model.trigger in single.prompt or (is_subject and "subject.trigger" in single.prompt)
        if model.trigger and not named:
            said.append(f"{model.trigger} {model.noun}".strip())
            front.append("{{ subject.trigger }} {{ subject.noun }}" if is_subject else said[-1])
    return replace(single, front=", ".join(front)), tuple(said)
