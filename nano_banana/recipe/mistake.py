"""One schema error in plain types; the wall between jsonschema and us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from jsonschema import ValidationError

from nano_banana.core.json import JSONObject, JSONValue, as_items
from nano_banana.recipe.about import about
from nano_banana.recipe.model import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with `value` at `path`: it breaks `keyword`, whose value in the schema is `limit`.

    `known` are the keys that the schema names there, `inner` the mistakes in the branches of an `anyOf`
    (each with the number of its `branch`); `of_name` says that a key is meant and not a value. `about` is what
    the schema says of the place; of keys that are missing, by name.
    """

    keyword: str
    path: Where
    value: JSONValue
    limit: JSONValue
    known: Sequence[str]
    inner: Sequence[Mistake]
    branch: int
    of_name: bool
    about: Mapping[str, str]


def mistake_of(error: ValidationError, root: JSONObject) -> Mistake:
    """Read jsonschema's error; `root` is the whole schema."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    properties = schema.get("properties")
    relative, absolute = list(error.relative_schema_path), list(error.absolute_schema_path)
    names = (
        [str(name) for name in as_items(cast("JSONValue", error.validator_value))]
        if error.validator == "required"
        else [""]
    )
    return Mistake(
        keyword=str(error.validator),
        path=tuple(error.absolute_path),
        value=cast("JSONValue", error.instance),
        limit=cast("JSONValue", error.validator_value),
        known=[str(name) for name in properties] if isinstance(properties, Mapping) else [],
        inner=[mistake_of(inner, root) for inner in error.context or ()],
        branch=relative[0] if relative and isinstance(relative[0], int) else 0,
        of_name="propertyNames" in error.absolute_schema_path,
        about={name: about(root, absolute, name) for name in names},
    )
