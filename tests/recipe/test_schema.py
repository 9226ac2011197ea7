"""The recipe's schema: valid, described throughout, equal to the file, and as strict as the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.recipe.recipe_reference import SECTION_EXAMPLES, WHOLE_EXAMPLE

ROOT = Path(__file__).parents[2]
FILE = ROOT / "schemas" / "recipe.schema.json"


@cache
def schema() -> JSONObject:
    return recipe_schema(Catalog.load())


def test_the_file_is_what_the_module_prints() -> None:
    printed = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    assert printed == FILE.read_text("utf-8"), "make docs"


def test_is_valid() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def properties(value: JSONValue, path: str = "") -> Iterator[tuple[str, JSONObject]]:
    """Every property that an editor may show, with its path; conditions (`if`) show nothing."""
    if isinstance(value, Mapping):
        inner = value.get("properties")
        for name, property_ in inner.items() if isinstance(inner, Mapping) else ():
            assert isinstance(property_, Mapping)
            yield f"{path}/{name}", property_
        for name, item in value.items():
            if name not in {"if", "default", "examples", "const", "enum", "required"}:
                yield from properties(item, f"{path}/{name}")
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from properties(item, f"{path}/{at}")


def test_every_property_says_what_it_is() -> None:
    found = dict(properties(schema()))
    assert len(found) > 500
    own = {path: shape for path, shape in found.items() if "/with/" not in path}
    # A branch for one endpoint only refines `with`, which is described once.
    silent = {path for path, shape in own.items() if not shape.get("description")}
    assert silent == set()


def test_every_free_key_says_what_it_is() -> None:
    shapes = [shape["additionalProperties"] for _, shape in properties(schema()) if "additionalProperties" in shape]
    free = [shape for shape in shapes if isinstance(shape, Mapping)]
    assert free
    assert all(shape.get("description") for shape in free)


def test_defaults_and_choices_are_there() -> None:
    found = dict(properties(schema()))
    by_tail = {path.rpartition("/")[2]: shape for path, shape in found.items()}
    assert by_tail["identity"]["enum"] == ["adapter", "by_face", "reference"]
    assert by_tail["feather"]["default"] == 0
    assert by_tail["megapixels"]["default"] == 1.0
    assert by_tail["salt"]["default"] == ""
    assert by_tail["output_format"]["anyOf"]
    using = [shape["examples"] for path, shape in found.items() if path.endswith("/using") and "examples" in shape]
    assert len(using) == 5
    assert all(using)


def test_defaults_fit_their_own_shape() -> None:
    wrong = [
        path
        for path, shape in properties(schema())
        if "default" in shape and not Draft202012Validator(shape).is_valid(shape["default"])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", SECTION_EXAMPLES)
def test_the_example_of_a_section_is_valid(name: str) -> None:
    recipe = {"nano_banana": 1, "name": "example", **yaml.safe_load(SECTION_EXAMPLES[name].replace(" on:", ' "on":'))}
    recipe = json.loads(json.dumps(recipe, default=str))
    assert [error.message for error in Draft202012Validator(schema()).iter_errors(recipe)] == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("noun: woman", "noum: woman", "'noum' was unexpected"),
        ("seeds: [11, 29]", "seeds: {cuont: 2}", "not valid under any"),
        ("using: fal-ai/flux-lora,", "using: fal-ai/flux-lora, with: {negative_prompt: x},", "'negative_prompt' was"),
        ("using: fal-ai/flux-lora,", "using: fal-ai/flux-lora, with: {guidance_scale: '{{ 3 }}'},", ""),
        ("using: fal-ai/flux-lora,", "using: acme/anything, with: {negative_prompt: x},", ""),
        ("train: ana, using", "tarin: ana, using", "not valid under any"),
        ("id: takes", "id: takes/1", "does not match"),
    ],
)
def test_an_editor_sees_what_the_loader_sees(old: str, new: str, complaint: str) -> None:
    assert old in WHOLE_EXAMPLE
    found = [
        error.message
        for error in Draft202012Validator(schema()).iter_errors(yaml.safe_load(WHOLE_EXAMPLE.replace(old, new)))
    ]
    if complaint:
        assert any(complaint in message for message in found), found
    else:
        assert found == []
