"""Somebody to be forgotten: the words and digests that lead to them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A subject by name, the `triggers` that call nobody else in prompts, and their photos.

    `photos` are digests, `paths` absolute paths of photos and of what lies beside them (captions).
    """

    name: str
    triggers: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def named(self, text: str) -> bool:
        """Whether the text has the name, a trigger or a path in it, as words of their own."""
        return bool(_words(frozenset({self.name, *self.triggers, *self.paths})).search(text))

    def called(self, text: str) -> bool:
        """Whether the text has a trigger in it."""
        return bool(self.triggers) and bool(_words(self.triggers).search(text))


@cache
def _words(words: frozenset[str]) -> re.Pattern[str]:
    """Any of the words between characters that are no letters or digits; also as JSON writes them."""
    forms = {form for word in words if word for form in (word, json.dumps(word)[1:-1])}
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])")
