"""Hints that the schema gives: what a place is for."""

from __future__ import annotations

import pytest

from nano_banana.model.json_values import JSONObject
from nano_banana.recipe.validate import schema_description

SCHEMA: JSONObject = {
    "description": "The whole.",
    "properties": {
        "seeds": {
            "description": "Seeds of the takes: a list.",
            "anyOf": [{"type": "array", "items": {"type": "integer"}}],
        },
        "url": {"description": "URL of it", "type": "string"},
        "mask": {"description": "`[x, y]` in fractions.", "maximum": 1},
        "plain": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        (["properties", "seeds", "anyOf"], "", "seeds of the takes: a list"),
        (["properties", "seeds", "anyOf", 0, "items", "type"], "", "seeds of the takes: a list"),
        (["properties", "url", "type"], "", "URL of it"),
        (["properties", "mask", "maximum"], "", "`[x, y]` in fractions"),
        (["required"], "seeds", "seeds of the takes: a list"),
        (["required"], "plain", ""),
        (["required"], "nowhere", ""),
        (["properties", "plain", "type"], "", ""),
    ],
)
def test_the_nearest_description_ends_a_sentence(path: list[str | int], name: str, said: str) -> None:
    assert schema_description(SCHEMA, path, name) == said
