"""What a wrong shape takes out of a recipe, and what hangs on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from nano_banana.core.json import as_items, as_object
from nano_banana.recipe.document import Document
from nano_banana.recipe.located import follow
from nano_banana.recipe.model import Where

_NAMED = {"subjects", "adapters", "axes", "templates", "shots", "stages", "vars"}
"""Sections whose entries other entries refer to by name."""
_ALONE = {"nano_banana", "name", "provider", "limits", "privacy", "photo_rules", "outputs"}
"""Sections that no other section depends on."""
_WORDS = re.compile(r"[\w-]+")


class Lost:
    """Values that are left out of a recipe because something is wrong with them.

    An entry is what stands in a section: a shot, a stage, `outputs.files`. One hangs on what is lost if a part of it is
    lost, or if it names an entry that does. What such an entry lacks is not known, so that a check for something
    missing says nothing about it.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._sections: set[str] = set()
        self._spans: set[tuple[str, int]] = set()
        self._entries: set[Where] = set()

    def add(self, document: Document, path: Where, meant: tuple[str, ...] = ()) -> None:
        """Leave out the value at `path`; `meant` are the keys that a misspelt one may stand for."""
        located = follow(document.tree, path)[0]
        if len(path) == 1 and meant and meant[0] in _ALONE:
            return
        if path[0] in _NAMED and (len(path) <= 2 or path[0] == "axes" or path[-1] == "id"):
            called = located.entries.get("id") if located.entries and path[0] == "stages" else None
            self._names |= {str(path[-1]), *(located.entries or () if len(path) == 1 else ())}
            self._names |= {str(value) for value in (located.value, called and called.value.value) if value is not None}
        if len(path) == 1:
            self._sections |= {str(path[0]), *meant} - _ALONE
        else:
            self.touch(document, path)

    def touch(self, document: Document, path: Where) -> None:
        """Let the entry around `path` be one that lacks something."""
        span = follow(document.tree, path[:2])[0].span
        self._spans.add((span.source.file, span.start))

    def spread(self, document: Document) -> None:
        """Find every entry of what is left that hangs on what is lost."""
        entries = dict(_entries(document))
        words = {where: _words(as_text) for where, (_, as_text) in entries.items()}
        waiting = [where for where in entries if self._sections or self._is_cut(document, where)]
        known = set(self._names)
        for name in self._names:
            waiting += [where for where, found in words.items() if name in found and where not in waiting]
        while waiting:
            where = waiting.pop()
            if where in self._entries:
                continue
            self._entries.add(where)
            names = {entries[where][0]} if where[0] in _NAMED else set()
            names |= {"all"} if where[0] in {"subjects", "shots", "axes"} else set()
            for name in names - known:
                waiting += [other for other, found in words.items() if name in found]
            known |= names

    def hangs(self, where: Where) -> bool:
        """Whether the entry at `where` hangs on something that is lost."""
        return where[:2] in self._entries

    def holds(self, name: str) -> bool:
        """Whether the name may be one of those that are lost."""
        return name in self._names or bool(self._sections)

    def _is_cut(self, document: Document, where: Where) -> bool:
        span = follow(document.tree, where)[0].span
        return (span.source.file, span.start) in self._spans


def _entries(document: Document) -> Iterator[tuple[Where, tuple[str, str]]]:
    """Every entry of every section with its name and all its text."""
    for section, value in document.data.items():
        named = as_object(value).items() if isinstance(value, dict) else ()
        listed = enumerate(as_items(value)) if isinstance(value, list) else ()
        for name, entry in (*named, *listed):
            called = as_object(entry).get("id") if isinstance(entry, dict) else None
            text = json.dumps(entry, ensure_ascii=False)
            yield (section, name), (str(called) if section == "stages" else str(name), text)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text)) | frozenset(re.findall(r"\w+", text))
