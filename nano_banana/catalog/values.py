"""Whether one value fits one field, by the field's type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import Field, FieldType
from nano_banana.catalog.misfit import Misfit, found
from nano_banana.catalog.size import MULTIPLE, NAMED
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean

Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Judges values of an endpoint's fields; what `deferred` accepts is left unjudged."""

    endpoint: Endpoint
    deferred: Callable[[JSONValue], bool]

    def faults(self, field: Field, value: JSONValue, path: Path) -> Iterator[Misfit]:
        """Everything wrong with `value`, which stands at `path`."""
        if self.deferred(value):
            return
        match field.type:
            case FieldType.INTEGER | FieldType.NUMBER:
                yield from self._number(field, value, path)
            case FieldType.ENUM:
                yield from self._choice(field, value, path, field.choices)
            case FieldType.IMAGE_SIZE:
                yield from self._size(field, value, path)
            case FieldType.ADAPTERS | FieldType.URLS | FieldType.LIST:
                yield from self._list(field, value, path)
            case FieldType.BOOLEAN | FieldType.OBJECT:
                if found(value) != field.type:
                    yield self._type(field, value, path)
            case FieldType.STRING | FieldType.URL:
                if not isinstance(value, str):
                    yield self._type(field, value, path)

    def _number(self, field: Field, value: JSONValue, path: Path) -> Iterator[Misfit]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield self._type(field, value, path)
        elif not field.in_range(value):
            yield self._range("field_range", field, value, path)
        elif field.type is FieldType.INTEGER and value != int(value):
            yield self._type(field, value, path)

    def _choice(self, field: Field, value: JSONValue, path: Path, choices: Sequence[str]) -> Iterator[Misfit]:
        if isinstance(value, str) and value in choices:
            return
        data: JSONObject = {"found": value, "choices": list(choices)}
        if not isinstance(value, str) and str(value) in choices:
            yield self._misfit("field_needs_quotes", field, path, {"found": value})
        else:
            near = did_you_mean(str(value), choices)
            yield self._misfit("field_choice", field, path, data, suggestions=near)

    def _size(self, field: Field, value: JSONValue, path: Path) -> Iterator[Misfit]:
        if isinstance(value, str):
            yield from self._choice(field, value, path, (*NAMED, *field.choices))
        elif not isinstance(value, Mapping) or set(value) != {"width", "height"}:
            yield self._misfit("size_shape", field, path)
        else:
            for side, length in value.items():
                yield from self._side(field, side, length, path)

    def _side(self, field: Field, side: str, length: JSONValue, path: Path) -> Iterator[Misfit]:
        at = (*path, side)
        if self.deferred(length):
            return
        if isinstance(length, bool) or not isinstance(length, int | float):
            yield self._misfit("size_shape", field, path)
        elif not field.in_range(length) or length != int(length):
            yield self._range("size_range", field, length, at, side=side)
        elif length % MULTIPLE:
            near = str(max(1, round(length / MULTIPLE)) * MULTIPLE)
            data: JSONObject = {"side": side, "value": length, "multiple": MULTIPLE}
            yield self._misfit("size_multiple", field, at, data, suggestions=(near,), warning=True)

    def _list(self, field: Field, value: JSONValue, path: Path) -> Iterator[Misfit]:
        if not isinstance(value, list | tuple):
            yield self._type(field, value, path)
            return
        adapters = field.type is FieldType.ADAPTERS
        most = self.endpoint.adapters_max if adapters else field.max_items
        if most is not None and len(value) > most:
            kind = "adapters_too_many" if adapters else "list_too_long"
            yield self._misfit(kind, field, path, {"count": len(value), "most": most})
        for index, item in enumerate(value):
            if self.deferred(item):
                continue
            if adapters:
                yield from self._adapter(field, item, (*path, index))
            elif field.type is FieldType.URLS and not isinstance(item, str):
                yield self._type(field, item, (*path, index), wants="url")

    def _adapter(self, field: Field, item: JSONValue, path: Path) -> Iterator[Misfit]:
        if not isinstance(item, Mapping) or not {"path"} <= set(item) <= {"path", "scale", *field.choices}:
            yield self._misfit("adapter_shape", field, path)
            return
        where, scale = item["path"], item.get("scale", 1)
        if not isinstance(where, str):
            yield self._misfit("adapter_shape", field, (*path, "path"))
        if self.deferred(scale):
            return
        if isinstance(scale, bool) or not isinstance(scale, int | float):
            yield self._misfit("adapter_shape", field, (*path, "scale"))
        elif not field.in_range(scale):
            yield self._range("field_range", field, scale, (*path, "scale"))

    def _type(self, field: Field, value: JSONValue, path: Path, *, wants: str = "") -> Misfit:
        return self._misfit("field_type", field, path, {"wants": wants or field.type.value, "found": found(value)})

    def _range(self, kind: str, field: Field, value: JSONValue, path: Path, **more: JSONValue) -> Misfit:
        data: JSONObject = {"value": value, "range": _span(field), **more}
        return self._misfit(kind, field, path, data)

    def _misfit(
        self,
        kind: str,
        field: Field,
        path: Path,
        data: JSONObject | None = None,
        *,
        suggestions: tuple[str, ...] = (),
        warning: bool = False,
    ) -> Misfit:
        about: JSONObject = {"field": field.name, "endpoint": self.endpoint.id, **(data or {})}
        return Misfit(kind=kind, path=path, data=about, suggestions=suggestions, warning=warning)


def _span(field: Field) -> str:
    low = "" if field.minimum is None else f"{field.minimum:g}"
    high = "" if field.maximum is None else f"{field.maximum:g}"
    if low and high:
        return f"{low}–{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "finite"
