"""Shots: casts, axes, exclusions, seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.recipe_model import Shot
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.recipe.resolve_shots import axis_combinations
from tests.recipe.resolve.tools import kinds, load

PEOPLE = """
subjects:
  ana: {noun: woman, trigger: anqz7}
  ben: {noun: man, trigger: bnvk4}
axes:
  scene:
    office: {place: a bright office, light: window light}
    street: {place: a rainy street}
  mood: [calm, A Faint Smile]
"""


def shot(folder: Path, said: str) -> Shot:
    loaded = load(folder, f"{PEOPLE}\nshots: {{one: {{template: a wall, seeds: [1], {said}}}}}")
    return loaded.recipe.shots["one"]


def keys(made: Shot, subject: str = "ana") -> list[str]:
    return ["/".join(value.key for value in cell.values()) for cell in axis_combinations(made, subject)]


@pytest.mark.parametrize(
    ("cast", "found"),
    [
        ("cast: ana", ("ana",)),
        ("cast: {each: [ben, ana, ben]}", ("ben", "ana")),
        ("cast: {each: all}", ("ana", "ben")),
        ("cast: {each: ben}", ("ben",)),
        ("matrix: {}", ()),
    ],
)
def test_casts(tmp_path: Path, cast: str, found: tuple[str, ...]) -> None:
    assert shot(tmp_path, cast).cast == found


@pytest.mark.parametrize(
    ("cast", "found"),
    [
        ("[ana, ben]", {"left": "ana", "right": "ben"}),
        ("{right: ben, left: ana}", {"left": "ana", "right": "ben"}),
        ("{second: ana, first: ben}", {"first": "ben", "second": "ana"}),
        ("{window: ben, door: ana}", {"window": "ben", "door": "ana"}),
    ],
)
def test_several_stand_from_left_to_right(tmp_path: Path, cast: str, found: dict[str, str]) -> None:
    made = shot(tmp_path, f"cast: {cast}, identity: by_face, matrix: {{scene: all}}")
    assert list(made.together.items()) == list(found.items())
    assert made.cast == tuple(found.values())
    assert made.identity is Identity.BY_FACE
    assert keys(made, "") == ["office", "street"]


def test_more_than_two_have_places_that_templates_can_write(tmp_path: Path) -> None:
    names = [f"p{at}" for at in range(4)]
    people = ", ".join(f"{name}: {{noun: woman, trigger: t{name}}}" for name in names)
    text = f"""
subjects: {{{people}}}
shots:
  three: {{template: "{{{{ cast.middle.noun }}}}", cast: [p0, p1, p2], seeds: [1]}}
  four: {{template: "{{{{ cast.fourth.name }}}} {{{{ cast.first.traits }}}}", cast: [p0, p1, p2, p3], seeds: [1]}}
"""
    shots = load(tmp_path, text).recipe.shots
    assert list(shots["three"].together) == ["left", "middle", "right"]
    assert list(shots["four"].together) == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ("{}", [""]),
        ("{scene: all}", ["office", "street"]),
        ("{scene: street, mood: all}", ["street/calm", "street/a-faint-smile"]),
        ("{mood: [A Faint Smile, calm]}", ["a-faint-smile", "calm"]),
        ("{mood: a-faint-smile}", ["a-faint-smile"]),
        ("{weather: [Heavy Rain, sun]}", ["heavy-rain", "sun"]),
        ("{weather: fog}", ["fog"]),
    ],
)
def test_matrices(tmp_path: Path, matrix: str, found: list[str]) -> None:
    assert keys(shot(tmp_path, f"matrix: {matrix}")) == found


@pytest.mark.parametrize(
    ("exclude", "ana", "ben"),
    [
        ("[{scene: office, mood: calm}]", ["office/a-faint-smile", "street/calm", "street/a-faint-smile"], None),
        ("[{mood: A Faint Smile}]", ["office/calm", "street/calm"], None),
        ("[{subject: ben}]", ["office/calm", "office/a-faint-smile", "street/calm", "street/a-faint-smile"], []),
        (
            "[{scene: [office, street], subject: ana}, {mood: calm}]",
            [],
            ["office/a-faint-smile", "street/a-faint-smile"],
        ),
    ],
)
def test_exclusions(tmp_path: Path, exclude: str, ana: list[str], ben: list[str] | None) -> None:
    made = shot(tmp_path, f"cast: {{each: all}}, matrix: {{scene: all, mood: all}}, exclude: {exclude}")
    assert keys(made) == ana
    assert keys(made, "ben") == (ana if ben is None else ben)


def test_a_field_that_a_value_lacks_reads_as_nothing(tmp_path: Path) -> None:
    office, street = shot(tmp_path, "matrix: {scene: all}").matrix["scene"]
    assert (office["light"], street["light"]) == ("window light", None)


def test_seeds(tmp_path: Path) -> None:
    text = "shots: {one: {template: a wall, seeds: {count: 3, salt: x}}, two: {template: a wall, seeds: [7, 5]}}"
    shots = load(tmp_path, text).recipe.shots
    assert [len(made.seeds) for made in shots.values()] == [3, 2]
    assert (shots["one"].seeds.salt, shots["two"].seeds.explicit) == ("x", (7, 5))


def test_a_prompt_is_written_where_a_template_is_named(tmp_path: Path) -> None:
    text = "{{ subject.trigger }} in {{ scene.place }}"
    shots = load(
        tmp_path,
        f"""{PEOPLE}
shots:
  one: {{template: "{text}", cast: ana, matrix: {{scene: all}}, seeds: [1]}}
""",
    ).recipe.shots
    assert shots["one"].template.text == text


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("subjects: {all: {noun: woman, trigger: x}}", ["named_all"]),
        ("shots: {all: {template: a wall, seeds: [1]}}", ["named_all"]),
        ("axes: {shot: [a, b]}", ["reserved_name"]),
        ("vars: {cast: x}", ["reserved_name"]),
        ("vars: {mood: x}\naxes: {mood: [a]}", ["same_name"]),
        ("axes: {mood: [Red, red]}", ["repeated_value"]),
        ("axes: {mood: {a b: red}}", ["bad_name"]),
        ('axes: {mood: {"a\\n": red}}', ["bad_name"]),
        ("axes: {a-mood: [red]}", ["bad_axis"]),
        ("axes: {mood: {}}", ["nothing_in_it"]),
    ],
)
def test_names_that_would_be_taken_for_others(tmp_path: Path, said: str, found: list[str]) -> None:
    assert kinds(tmp_path, said) == found


def test_values_that_differ_by_signs_have_names_of_their_own(tmp_path: Path) -> None:
    text = """
        axes: {light: ["1 EV", "+1 EV", "-1 EV"]}
        shots: {one: {template: "a {{ light }} {{ tool }}", matrix: {light: all, tool: [C, C++]}, seeds: [1]}}
        stages: [{id: takes, generate: one, using: fal-ai/flux/dev}]
    """
    matrix = load(tmp_path, text).recipe.shots["one"].matrix
    keys = [value.key for value in matrix["light"]]
    assert keys[0] == "1-ev"  # the name that it has without the others
    assert len(set(keys)) == 3
    assert [value.text for value in matrix["light"]] == ["1 EV", "+1 EV", "-1 EV"]
    assert next(value.key for value in matrix["tool"]) == "c"
    assert kinds(tmp_path, text.replace('"+1 EV"', '"1  ev"')) == ["repeated_value"]
