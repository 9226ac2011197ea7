"""What differs between an endpoint as it is known and as it is listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nano_banana.catalog.field import MISSING, Field, FieldType
from nano_banana.core.json import JSONValue


class Sort(StrEnum):
    """What about a field changed."""

    NEW = "new"
    GONE = "gone"
    TYPE = "type"
    REQUIRED = "required"
    DEFAULT = "default"
    RANGE = "range"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One change. `harmful` where a request that was right before may be refused now.

    Another default does no harm: requests name the one that is known.
    """

    field: str
    sort: Sort
    before: JSONValue = None
    after: JSONValue = None
    harmful: bool = False


_ALIKE = (
    {FieldType.STRING, FieldType.URL},
    {FieldType.LIST, FieldType.URLS, FieldType.ADAPTERS},
)
"""Types that a description in OpenAPI does not tell apart."""


def changes(
    known: Mapping[str, Field], listed: Mapping[str, Field], *, adapters_max: int | None = None
) -> list[FieldChange]:
    """Everything that differs, in the order of the known fields, new ones last; `adapters_max` is the known one.

    A bound that the listing does not give is no change: many are known from elsewhere.
    """
    found: list[FieldChange] = []
    for name, before in known.items():
        if name not in listed:
            found.append(FieldChange(field=name, sort=Sort.GONE, harmful=True))
        else:
            most = adapters_max if before.type is FieldType.ADAPTERS else before.max_items
            found.extend(_changed(replace(before, max_items=most), listed[name]))
    for name, field in listed.items():
        if name not in known:
            found.append(FieldChange(field=name, sort=Sort.NEW, after=field.type.value, harmful=field.required))
    return found


def same_type(one: FieldType, other: FieldType) -> bool:
    """Whether the two are one type, as far as OpenAPI can say."""
    return one is other or any({one, other} <= alike for alike in _ALIKE)


def _changed(before: Field, after: Field) -> Iterator[FieldChange]:
    name = before.name
    if not same_type(before.type, after.type):
        kinds = (before.type.value, after.type.value)
        yield FieldChange(field=name, sort=Sort.TYPE, before=kinds[0], after=kinds[1], harmful=True)
        return
    if before.required != after.required:
        yield FieldChange(
            field=name, sort=Sort.REQUIRED, before=before.required, after=after.required, harmful=after.required
        )
    old, new = _default(before), _default(after)
    if old != new or isinstance(old, bool) != isinstance(new, bool):
        yield FieldChange(field=name, sort=Sort.DEFAULT, before=old, after=new)
    yield from _range(before, after)
    yield from _choices(before, after)


def _default(field: Field) -> JSONValue:
    """What it is unsaid; an empty text or list is as good as nothing."""
    return None if field.default is MISSING or field.default in ("", [], {}) else field.default


def _range(before: Field, after: Field) -> Iterator[FieldChange]:
    low = before.minimum if after.minimum is None else after.minimum
    high = before.maximum if after.maximum is None else after.maximum
    most = before.max_items if after.max_items is None else after.max_items
    old, new = (before.minimum, before.maximum, before.max_items), (low, high, most)
    if old == new:
        return
    narrower = any(
        now is not None and (was is None or (now > was if low_end else now < was))
        for was, now, low_end in zip(old, new, (True, False, False), strict=True)
    )
    yield FieldChange(field=before.name, sort=Sort.RANGE, before=_span(old), after=_span(new), harmful=narrower)


def _span(bounds: tuple[float | None, float | None, int | None]) -> str:
    low, high, most = bounds
    parts = [f"≥ {low:g}"] if low is not None else []
    parts += [f"≤ {high:g}"] if high is not None else []
    parts += [f"at most {most} items"] if most is not None else []
    return ", ".join(parts) or "any"


def _choices(before: Field, after: Field) -> Iterator[FieldChange]:
    old, new = set(before.choices), set(after.choices)
    if old != new and after.choices:
        yield FieldChange(
            field=before.name,
            sort=Sort.CHOICES,
            before=list(before.choices),
            after=list(after.choices),
            harmful=bool(old - new),
        )
