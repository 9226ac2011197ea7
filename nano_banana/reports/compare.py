"""What is different between two calls, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nano_banana.core.json import JSONObject, JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that is not what it was; None on the side where there is none."""

    path: str
    old: JSONValue
    new: JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Files of a series (`photos`) that came and went, by digest."""

    series: str
    added: Sequence[str]
    removed: Sequence[str]


Difference = Change | Swap


def differences(old: JSONObject, new: JSONObject) -> list[Difference]:
    """Everything that differs between two call documents, in the order of its names.

    Files of a numbered series are compared as sets, since one more photo moves all the numbers behind it.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    names = sorted({*before, *after})
    found: list[Difference] = [
        Change(path=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) != after.get(name) and _series(name) is None
    ]
    for series in sorted({series for name in names if (series := _series(name))}):
        had, has = (_of_series(leaves, series) for leaves in (before, after))
        if had != has:
            found.append(Swap(series=series, added=sorted(has - had), removed=sorted(had - has)))
    return found


def _leaves(value: JSONValue, path: str = "") -> Iterator[tuple[str, JSONValue]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}/{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _leaves(item, f"{path}/{at}")
    else:
        yield path, value


def _series(name: str) -> str | None:
    """`inputs/photos/3` is of the series `photos`."""
    parts = name.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == "inputs" and parts[2].isdecimal() else None


def _of_series(leaves: Mapping[str, JSONValue], series: str) -> set[str]:
    return {str(value) for name, value in leaves.items() if _series(name) == series}
