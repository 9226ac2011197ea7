"""Values come to their places, and nothing given is changed."""

from __future__ import annotations

import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.providers.fal.fal_uploads import fill_places

CASES: list[tuple[dict[str, JSONValue], dict[str, JSONValue], dict[str, JSONValue]]] = [
    ({"prompt": "a"}, {"image_url": "u"}, {"prompt": "a", "image_url": "u"}),
    ({"loras": [{"scale": 1}]}, {"loras/0/path": "u"}, {"loras": [{"scale": 1, "path": "u"}]}),
    ({}, {"images/1": "b", "images/0": "a"}, {"images": ["a", "b"]}),
    ({}, {"nested/0/x": "u"}, {"nested": [{"x": "u"}]}),
    ({"nested": {"0": {"y": 1}}}, {"nested/0/x": "u"}, {"nested": {"0": {"y": 1, "x": "u"}}}),
    ({"image": "text"}, {"image/0": "u"}, {"image": ["u"]}),
    ({"images": ["given"]}, {"images/2": "c"}, {"images": ["given", None, "c"]}),
]


@pytest.mark.parametrize(("arguments", "values", "expected"), CASES)
def test_a_value_comes_to_its_place(
    arguments: dict[str, JSONValue], values: dict[str, JSONValue], expected: dict[str, JSONValue]
) -> None:
    before = repr(arguments)
    assert fill_places(arguments, values) == expected
    assert repr(arguments) == before


def test_the_eleventh_comes_after_the_second() -> None:
    body = fill_places({}, {f"images/{at}": str(at) for at in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)})
    assert body == {"images": [str(at) for at in range(11)]}
