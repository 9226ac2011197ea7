"""Writes docs/recipe.md: the text beside this module, with tables of keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.stages.stage_registry import stage_kinds

_TEMPLATE = Path(__file__).with_suffix(".md").read_text("utf-8")
"""The page without what comes from the schema: the sections' descriptions, their keys and the stages."""


def _fenced_text(info: str) -> str:
    """The first fenced block of the page with this info string."""
    return _TEMPLATE.split(f"\n```{info}\n", 1)[1].split("```", 1)[0]


WHOLE_EXAMPLE, ENDPOINT_EXAMPLE = _fenced_text("yaml"), _fenced_text("yaml endpoint")
SECTION_EXAMPLES: Mapping[str, str] = dict(
    re.findall(r"^## `(\w+)`\n\n<!-- about: \w+ -->\n\n```yaml fragment\n(.*?)```", _TEMPLATE, re.DOTALL | re.MULTILINE)
)


def recipe_page() -> str:
    """The whole page, in Markdown."""
    schema = recipe_schema(Catalog.load())
    sections = as_object(schema["properties"])

    def filled(mark: re.Match[str]) -> str:
        match mark[1], mark[2].split():
            case "about", [name]:
                return f"{as_text(as_object(sections[name])['description'])}\n"
            case "keys", [name]:
                return _table(_rows(sections[name], name))
            case "keys", names:
                return _table(_first_rows(sections, names, as_items(schema["required"])))
            case _:
                return "".join(_stage_parts(as_object(sections["stages"]))).removeprefix("\n")

    return re.sub(r"<!-- (about|keys|stages):? ?([\w ]*) -->\n", filled, _TEMPLATE)


def _first_rows(sections: JSONObject, names: list[str], required: Sequence[JSONValue]) -> Iterator[str]:
    for name in names:
        yield _row(name, as_object(sections[name]), required=name in required)


def _stage_parts(stages: JSONObject) -> Iterator[str]:
    branches = as_items(as_object(stages["items"])["allOf"])
    for kind, branch in zip(stage_kinds().values(), branches, strict=True):
        then = as_object(as_object(branch)["then"])
        properties = as_object(then["properties"])
        using = as_object(properties.get("using", {}))
        yield f"\n### `{kind.verb}`\n\n{then['description']}\n{_fenced_example(kind.example)}"
        yield _table(row for name, value in properties.items() for row in _entry(name, value, then))
        fit = [f"`{as_text(name)}`" for name in as_items(using.get("examples"))]
        if fit:
            yield f"\nEndpoints of the catalog: {', '.join(fit)}.\n"


def _fenced_example(example: str) -> str:
    return f"\n```yaml fragment\n{example}```\n\n"


def _table(rows: Iterator[str]) -> str:
    return "".join(["| key | type | default | |\n|---|---|---|---|\n", *rows])


def _rows(schema: JSONValue, path: str) -> Iterator[str]:
    """A row for the section itself where it is a simple one, else one for every key inside."""
    inner = list(_inside(as_object(schema), path))
    yield from inner or [_row(path, as_object(schema), required=False)]


def _inside(schema: JSONObject, path: str) -> Iterator[str]:
    for form in (schema, *(as_object(form) for form in as_items(schema.get("anyOf")))):
        for name, value in as_object(form.get("properties")).items():
            yield from _entry(f"{path}.{name}", value, form)
        each = form.get("additionalProperties")
        if isinstance(each, Mapping):
            name = f"{path}.{_PLACEHOLDERS.get(path, 'NAME')}"
            if "description" in each:
                yield _row(name, each, required=False)
            yield from _inside(each, name)


_PLACEHOLDERS = {
    "axes": "AXIS",
    "axes.AXIS": "VALUE",
    "axes.AXIS.VALUE": "FIELD",
    "shots.NAME.matrix": "AXIS",
    "shots.NAME.cast": "PLACE",
}


def _entry(path: str, value: JSONValue, owner: JSONObject) -> Iterator[str]:
    schema = as_object(value)
    yield _row(path, schema, required=path.rpartition(".")[2] in as_items(owner.get("required")))
    yield from _inside(schema, path)


def _row(path: str, schema: JSONObject, *, required: bool) -> str:
    default = "needed" if required else _default_text(schema["default"]) if "default" in schema else ""
    about = as_text(schema["description"]).replace("|", "\\|")
    return f"| `{path}` | {_type_phrase(schema)} | {default} | {about} |\n"


def _default_text(value: JSONValue) -> str:
    return "none" if value in ({}, [], "") else f"`{_flow_yaml(value)}`"


def _flow_yaml(value: JSONValue) -> str:
    """The value as YAML writes it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow_yaml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow_yaml(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_phrase(schema: JSONObject) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in as_items(schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_phrase(as_object(form)) for form in as_items(schema["anyOf"])))
    kinds = [as_text(kind) for kind in as_items(schema["type"]) if kind != "null"]
    return " or ".join(_TYPE_NAMES[kind] for kind in kinds) + _range_phrase(schema)


_TYPE_NAMES = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def _range_phrase(schema: JSONObject) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return f" > {above}" if (above := schema.get("exclusiveMinimum")) is not None else ""
    return f" ≥ {low}" if high is None else f" {low}–{high}"


if __name__ == "__main__":
    sys.stdout.write(recipe_page())
