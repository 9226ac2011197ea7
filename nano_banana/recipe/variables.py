"""The recipe's variables, in whatever order they need each other."""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONValue
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.located import Entry, Located
from nano_banana.recipe.renderer import Renderer
from nano_banana.recipe.scalars import plain_scalar
from nano_banana.recipe.templates.bounds import weight
from nano_banana.recipe.templates.budget import MAX_ITEMS

RESERVED = frozenset({"env", "true", "false", "none", "range", "namespace", "self", "loop"})
MAX_CHAIN = 32
"""Variables that need one another in a row."""


class Variables:
    """Resolves `vars`; `sets` come from the command line and win, whatever the file says."""

    def __init__(self, declared: Located | None, sets: Mapping[str, str], renderer: Renderer) -> None:
        self._entries: Mapping[str, Entry] = (declared.entries or {}) if declared is not None else {}
        self._sets = sets
        self._renderer = renderer
        self.values: dict[str, JSONValue] = {}

    def resolve(self) -> None:
        """Give every variable its value, or note why it has none."""
        for name, text in self._sets.items():
            if name not in self._entries:
                hint = did_you_mean(name, self._entries)
                self._renderer.problems.append(trouble("set_unknown", hint=hint, name=name))
            else:
                self.values[name] = set_value(text)
        for name, entry in self._entries.items():
            if not name.isidentifier() or keyword.iskeyword(name) or name in RESERVED:
                self._note("var_name", entry, name=name)
        self._renderer.known |= dict.fromkeys(self._entries)
        for name in self._entries:
            self._one(name, ())

    def _one(self, name: str, chain: tuple[str, ...]) -> None:
        if name in self.values or name in self._renderer.failed:
            return
        entry = self._entries[name]
        chain = (*chain, name)
        if len(chain) > MAX_CHAIN:
            self._fail(name, "var_chain", entry, limit=MAX_CHAIN)
            return
        for needed in sorted(self._renderer.names_in(entry.value) & self._entries.keys()):
            if needed in chain:
                around = (*chain[chain.index(needed) :], needed)
                self._fail(name, "var_cycle", entry, chain=" → ".join(around))
                return
            self._one(needed, chain)
            if needed in self._renderer.failed:
                self._renderer.failed.add(name)
                return
        before = len(self._renderer.problems)
        value = self._renderer.value(entry.value, ("vars", name), self.values)
        if weight(value) > MAX_ITEMS:
            self._fail(name, "var_too_big", entry, name=name, limit=MAX_ITEMS)
        elif len(self._renderer.problems) > before:
            self._renderer.failed.add(name)
        else:
            self.values[name] = value

    def _fail(self, failed: str, kind: str, entry: Entry, **data: str | int) -> None:
        self._renderer.failed.add(failed)
        self._note(kind, entry, **data)

    def _note(self, kind: str, entry: Entry, **data: str | int) -> None:
        self._renderer.problems.append(Problem(kind=kind, place=entry.key.place, data=data))


def set_value(text: str) -> JSONValue:
    """What `--set name=text` means: a number, `true`, `false`, `null` or a quoted text; else the text as it is."""
    word = text.strip()
    try:
        if len(word) > 1 and word[0] == word[-1] == '"':
            quoted: object = json.loads(word)
            return quoted if isinstance(quoted, str) else text
        if len(word) > 1 and word[0] == word[-1] == "'" and "'" not in word[1:-1].replace("''", ""):
            return word[1:-1].replace("''", "'")
        value = plain_scalar(word) if word else text
    except ValueError:
        return text
    return text if isinstance(value, str) else value
