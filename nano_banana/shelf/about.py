"""What a foreign adapter's file proposes: its trigger and its name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

NOUNS = frozenset({"woman", "man", "person", "girl", "boy", "child", "dog", "cat", "style"})
"""Words that tell what a trigger stands for, where they follow it."""

_SAID = ("trigger", "trigger_word", "modelspec.trigger_phrase", "ss_trigger", "instance_prompt")
_REPEATS = re.compile(r"^\d+_")
"""kohya's scripts call a folder of photos `10_anqz7 woman`: how often each is shown, then the words for it."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_MOST = 64


def proposed_trigger(metadata: Mapping[str, str]) -> tuple[str, str]:
    """The word that the adapter listens to, and the noun behind it; either may be empty.

    As the file says; else as its training photos' folder was called, or the tag that most captions begin with.
    """
    for key in _SAID:
        if words := _words(metadata.get(key, "")):
            return words
    try:
        folders = json.loads(metadata.get("ss_tag_frequency", "{}"))
    except (ValueError, RecursionError):
        return ("", "")
    if not isinstance(folders, dict) or not folders:
        return ("", "")
    folder = max(sorted(map(str, folders)), key=lambda name: _count(folders.get(name)))
    tags = folders[folder] if isinstance(folders[folder], dict) else {}
    if words := _words(_REPEATS.sub("", folder)):
        return words
    counts = {str(tag): count for tag, count in tags.items() if isinstance(count, int)}
    return _words(max(sorted(counts), key=lambda tag: counts[tag], default="")) or ("", "")


def proposed_name(metadata: Mapping[str, str], stem: str) -> str:
    """A name for the shelf: the output's, else the file's (`stem`), in letters that a name may have."""
    words = "-".join(_NAME.findall(metadata.get("ss_output_name") or stem)).strip("-_")
    return words[:_MOST] or "adapter"


def _words(phrase: str) -> tuple[str, str] | None:
    found = phrase.partition(",")[0].split()
    if not found or not found[0].isprintable() or len(found[0]) > _MOST:
        return None
    noun = next((word for word in found[1:3] if word.casefold() in NOUNS), "")
    return found[0], noun.casefold()


def _count(tags: object) -> int:
    return sum(count for count in tags.values() if isinstance(count, int)) if isinstance(tags, dict) else 0
