"""How names, versions and slugs in a recipe are spelled.

Patterns and types of names with the problem kind for breaking each, reserved names, slugs for texts that become
part of an id or a path, and version bounds such as `>=1.2,<2`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Annotated, TypeAlias

from msgspec import Meta

VERSION = r"^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?!\n)$"
"""Three numbers: what breaks, what is new, what is mended."""

_BOUND = re.compile(r"\s*(>=|<=|>|<|==|=)?\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})\s*")

_VersionNumbers: TypeAlias = tuple[int, ...]


def version_matches(version: str, bounds: str) -> bool:
    """Whether a version is within bounds such as `>=1.2,<2`; `1.2` and `==1.2` mean every 1.2.x.

    Raises ValueError where the bounds can't be read.
    """
    numbers = _version_numbers(version)
    read = [_parse_bound(bound) for bound in bounds.split(",")]  # all of them, also where the first already says no
    return all(_bound_holds(numbers, sign, limit) for sign, limit in read)


def _parse_bound(bound: str) -> tuple[str, _VersionNumbers]:
    match = _BOUND.fullmatch(bound)
    if match is None:
        raise ValueError(bound)
    return match[1] or "==", _version_numbers(match[2])


def _bound_holds(version: _VersionNumbers, sign: str, limit: _VersionNumbers) -> bool:
    if sign in {"==", "="}:
        return version[: len(limit)] == limit
    whole = (*limit, 0, 0)[:3]
    return {">=": version >= whole, "<=": version <= whole, ">": version > whole, "<": version < whole}[sign]


def _version_numbers(text: str) -> _VersionNumbers:
    return tuple(int(part) for part in text.split("."))


NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*(?!\n)$"
"""Names that become parts of ids and files. (Python's `$` would let a line's end through.)"""
AXIS_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(?!\n)$"
"""Names that templates write: an axis is a variable there."""
PLACE_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*(?!\n)$"
"""Places in a picture, which templates write too: `cast.left`."""
ONE_WORD_PATTERN = r"^\S+(?!\n)$"
"""One word of a prompt."""

Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Names: TypeAlias = Text | Annotated[tuple[Text, ...], Meta(min_length=1)]
"""A name, or a list of names."""
Name: TypeAlias = Annotated[str, Meta(pattern=NAME_PATTERN, max_length=64)]
AxisName: TypeAlias = Annotated[str, Meta(pattern=AXIS_PATTERN, max_length=64)]
PlaceName: TypeAlias = Annotated[str, Meta(pattern=PLACE_PATTERN, max_length=64)]
OneWord: TypeAlias = Annotated[str, Meta(pattern=ONE_WORD_PATTERN, max_length=64)]
Scalar: TypeAlias = str | int | float | bool

UNIQUE = Meta(extra_json_schema={"uniqueItems": True})
"""Annotates a list without repeats."""

TEMPLATE_CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None", "self"})
"""Words that templates read as something else than a name of the recipe's."""

RESERVED_NAMES = frozenset({"subject", "seed", "shot", "cast", "env", "vars", "recipe"}) | TEMPLATE_CONSTANTS
"""Names that templates have anyway, so that no axis and no variable may take them."""

NAME_PROBLEMS = {
    NAME_PATTERN: "bad_name",
    AXIS_PATTERN: "bad_axis",
    PLACE_PATTERN: "bad_place",
    VERSION: "bad_version",
}
"""The kind of problem with a name that doesn't fit each pattern."""


MAX_SLUG = 40


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens, at most 40 characters; texts that would be cut keep a hash.

    A text with no letter or digit that ASCII knows is named by its hash alone.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if words and len(words) <= MAX_SLUG and plain.isascii() and len(plain) >= len(text.strip()):
        return words
    return slug_with_hash(text, words)


def slug_with_hash(text: str, words: str) -> str:
    """`words`, cut and with a mark by which texts are told apart that have the same words.

    A text may be a file name of any bytes.
    """
    mark = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:6]
    return f"{words[: MAX_SLUG - 7].strip('-')}-{mark}".strip("-")


def text_identity(text: str) -> str:
    """What texts have in common that differ in case and blanks alone, or in how an accent is written."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
