"""Semantic versions, and the bounds that a recipe sets to them."""

from __future__ import annotations

import re
from typing import TypeAlias

VERSION = r"^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?!\n)$"
"""Three numbers: what breaks, what is new, what is mended."""

_BOUND = re.compile(r"\s*(>=|<=|>|<|==|=)?\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})\s*")

_Numbers: TypeAlias = tuple[int, ...]


def meets(version: str, bounds: str) -> bool:
    """Whether a version is within bounds such as `>=1.2,<2`; `1.2` and `==1.2` mean every 1.2.x.

    Raises ValueError where the bounds can't be read.
    """
    numbers = _numbers(version)
    read = [_read(bound) for bound in bounds.split(",")]  # all of them, also where the first already says no
    return all(_holds(numbers, sign, limit) for sign, limit in read)


def _read(bound: str) -> tuple[str, _Numbers]:
    match = _BOUND.fullmatch(bound)
    if match is None:
        raise ValueError(bound)
    return match[1] or "==", _numbers(match[2])


def _holds(version: _Numbers, sign: str, limit: _Numbers) -> bool:
    if sign in {"==", "="}:
        return version[: len(limit)] == limit
    whole = (*limit, 0, 0)[:3]
    return {">=": version >= whole, "<=": version <= whole, ">": version > whole, "<": version < whole}[sign]


def _numbers(text: str) -> _Numbers:
    return tuple(int(part) for part in text.split("."))
