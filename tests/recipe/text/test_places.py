from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.formats.yaml_reader import read_yaml
from nano_banana.formats.yaml_values import Located, SourceText, follow_path, place_inside
from nano_banana.model.problem import Position
from nano_banana.recipe.document import Document, read_document
from nano_banana.recipe.recipe_files import RecipeFiles

RECIPE = """\
name: portraits
axes:
  scene: {office: a bright office, street: "a street"}
stages:
  - id: takes
    with: {size: 3}
  - judge
empty:
"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    (tmp_path / "r.yaml").write_text(RECIPE)
    return read_document(tmp_path / "r.yaml", RecipeFiles(tmp_path))


def shown(document: Document, place: Position) -> str:
    line = document.texts.lines(place.file)[place.line - 1]
    return line[place.column - 1 : place.column - 1 + place.length]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("name",), "portraits"),
        (("axes",), 'scene: {office: a bright office, street: "a street"}'),
        (("axes", "scene", "office"), "a bright office"),
        (("axes", "scene", "street"), '"a street"'),
        (("stages", 0, "with", "size"), "3"),
        (("stages", 1), "judge"),
        ((), "name: portraits"),
    ],
)
def test_values_have_places(document: Document, steps: tuple[str | int, ...], text: str) -> None:
    assert shown(document, document.place(steps)) == text


@pytest.mark.parametrize(
    ("steps", "text"), [(("name",), "name"), (("axes", "scene", "street"), "street"), (("stages", 1), "judge")]
)
def test_keys_have_places(document: Document, steps: tuple[str | int, ...], text: str) -> None:
    assert shown(document, document.key_place(steps)) == text


def test_what_is_not_written_has_no_place(document: Document) -> None:
    for steps in [("none",), ("stages", 2), ("stages", "x"), ("name", 0), ("axes", 1)]:
        with pytest.raises(KeyError):
            document.place(steps)


def test_the_nearest_place_is_around_it(document: Document) -> None:
    assert document.nearest(("axes", "scene", "none")) == document.place(("axes", "scene"))
    assert document.nearest(("none",)) == document.place(())
    assert document.key_place(("axes", "scene", "none")) == document.key_place(("axes", "scene"))
    assert document.place(("empty",)).length == 1


def test_lines_of_files_that_were_not_read(document: Document) -> None:
    assert document.texts.lines("none.yaml") == [""]


def located(text: str) -> Located:
    top = read_yaml(SourceText(file="r.yaml", text=text)).top
    assert top is not None
    return follow_path(top, ("a",))[0]


@pytest.mark.parametrize(
    "raw",
    [
        "plain with a TARGET in it",
        "plain over\n  two\n  lines TARGET x",
        "'single with a TARGET'",
        "'it''s single, it''s TARGET'",
        '"double with a TARGET"',
        '"double over\n\n  lines TARGET"',
        "|\n  literal\n    TARGET\n",
        ">-\n  folded\n  line, TARGET\n  more",
        ">-   # a remark\n\n  folded TARGET\n",
        "|2-\n    indented TARGET\n",
        "&anchor >-\n  anchored TARGET\n",
        "!!str &b 'tagged TARGET'",
        "&b plain TARGET",
    ],
)
def test_inside_a_string(raw: str) -> None:
    text = f"# first\na: {raw}\n"
    value = located(text)
    assert isinstance(value.value, str)
    place = place_inside(value, value.value.index("TARGET"), len("TARGET"))
    line = text.split("\n")[place.line - 1]
    assert line[place.column - 1 : place.column - 1 + place.length] == "TARGET"


def test_inside_a_string_with_escapes_is_its_start() -> None:
    value = located('a: "one\\n TARGET"')
    assert place_inside(value, 5, 6) == value.span.place


def test_inside_what_is_no_string_is_its_start() -> None:
    value = located("a: 12")
    assert place_inside(value, 1, 1) == value.span.place


def test_behind_the_end_of_a_string() -> None:
    value = located("a: word")
    assert place_inside(value, 10, 1) == value.span.place
    assert place_inside(value, 2, 10) == Position(file="r.yaml", line=1, column=6, length=2)


def test_places_end_with_their_line() -> None:
    source = SourceText(file="r", text="ab  \ncd\n")
    assert source.place(0, 7) == Position(file="r", line=1, column=1, length=2)
    assert source.place(5, 6) == Position(file="r", line=2, column=1, length=1)
    assert source.place(99, 100) == Position(file="r", line=3, column=1, length=1)
    assert source.place(4, 5) == Position(file="r", line=1, column=5, length=1)
