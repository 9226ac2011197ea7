"""What an unquoted YAML word means: less than YAML 1.1 thinks.

`on`, `off`, `yes` and `no` are words, dates are text, and so are numbers with a leading zero or in base 60:
a recipe has a key `on`, and nobody means 2026-09-01 as an object of Python's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)"
)
_TAG = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 32
"""Characters; a longer one is no number that a recipe could mean."""


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted word. Raises ValueError for a number too big to hold."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _WHOLE.fullmatch(text):
        return _whole(text)
    if _FRACTION.fullmatch(text):
        return _fraction(text)
    return text


def tagged_scalar(tag: str, text: str) -> Scalar:
    """The value of `text` under a tag. Raises KeyError for a tag we do not know, ValueError for a misfit."""
    return _TAGGED[tag](text)


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _expected(kinds: tuple[type, ...]) -> Callable[[str], Scalar]:
    def read(text: str) -> Scalar:
        value = plain_scalar(text)
        if type(value) not in kinds:
            raise ValueError(text)
        return value

    return read


def _number(text: str) -> float:
    value = _expected((int, float))(text)
    return float(value or 0)


_TAGGED: Mapping[str, Callable[[str], Scalar]] = {
    "!": str,
    f"{_TAG}str": str,
    f"{_TAG}int": _expected((int,)),
    f"{_TAG}float": _number,
    f"{_TAG}bool": _expected((bool,)),
    f"{_TAG}null": _expected((type(None),)),
}

COLLECTION_TAGS = frozenset({None, "!", f"{_TAG}map", f"{_TAG}seq"})
"""Tags that a mapping or a list may carry."""
