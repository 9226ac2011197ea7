from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Problem
from nano_banana.recipe.document import Document, read_document, render_document
from nano_banana.recipe.interpolation import RecipeEnvironment, is_take_template, parse_set_value
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from tests.cpu_budget import cpu_budget

KEY = "0123abcd-key:5678efgh-secret"
ENVIRON = {
    "STUDIO": "north",
    "FAL_KEY": KEY,
    "COPY": KEY,
    "HALF": "x-5678efgh-secret",
    "fal_key_id": "ab",
    "SHORT": "cab",
}


class Folder:
    """A project on disk that reads like a story."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = RecipeFiles(path)
        self.environ = RecipeEnvironment(ENVIRON)

    def write(self, **files: str) -> Folder:
        for name, text in files.items():
            target = self.path / name.replace("__", "/").replace("_yaml", ".yaml").replace("_j2", ".j2")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return self

    def load(self, sets: Mapping[str, str] | None = None) -> Document:
        document = read_document(self.path / "r.yaml", self.files)
        document = render_document(document, sets=sets or {}, environ=self.environ)
        if document.problems:
            raise Invalid(document.problems)
        return document

    def data(self, sets: Mapping[str, str] | None = None) -> JSONObject:
        return self.load(sets).data

    def faults(self, sets: Mapping[str, str] | None = None) -> list[tuple[str, str, int, int]]:
        return [
            (
                problem.kind,
                Path(problem.position.file).relative_to(self.path).as_posix() if problem.position else "",
                problem.position.line if problem.position else 0,
                problem.position.column if problem.position else 0,
            )
            for problem in self.problems(sets)
        ]

    def problems(self, sets: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        with pytest.raises(Invalid) as caught:
            self.load(sets)
        return caught.value.problems


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_includes_merge_two_levels(folder: Folder) -> None:
    folder.write(
        shared__axes_yaml="nano_banana: 1\naxes: {scene: {office: {place: x}}}\n"
        "stages: [{id: first}]\ninclude: more.yaml",
        shared__more_yaml="axes: {light: {soft: a}}\nvars: {who: ana}",
        r_yaml="nano_banana: 1\ninclude: [shared/axes.yaml, shared/more.yaml]\n"
        "axes: {style: {oil: b}}\nstages: [{id: second}]\nname: '{{ who }}'",
    )
    document = folder.load()
    assert document.data == {
        "nano_banana": 1,
        "axes": {"light": {"soft": "a"}, "scene": {"office": {"place": "x"}}, "style": {"oil": "b"}},
        "vars": {"who": "ana"},
        "stages": [{"id": "first"}, {"id": "second"}],
        "name": "ana",
    }
    place = document.place(("axes", "scene", "office", "place"))
    assert (Path(place.file), place.line) == (folder.path / "shared/axes.yaml", 2)
    assert document.texts.lines(place.file)[1].startswith("axes:")
    assert Path(document.place(("axes",)).file) == folder.path / "r.yaml"


@pytest.mark.parametrize(
    ("included", "own", "name"),
    [
        ("axes: {scene: {a: b}}", "axes: {scene: {c: d}}", "axes.scene"),
        ("name: one", "name: two", "name"),
        ("stages: [1]", "stages: {a: 1}", "stages"),
        ("axes: {scene: [a]}", "axes: {scene: [a]}", "axes.scene"),
    ],
)
def test_a_clash_has_both_places(folder: Folder, included: str, own: str, name: str) -> None:
    folder.write(more_yaml=included, r_yaml=f"include: more.yaml\n{own}\n")
    (problem,) = folder.problems()
    assert problem.kind == "include_clash"
    assert dict(problem.data) == {"name": name, "other": f"{folder.path / 'more.yaml'}:1"}
    assert problem.position is not None
    assert problem.position.line == 2


def test_a_cycle_prints_itself(folder: Folder) -> None:
    folder.write(a_yaml="include: b.yaml", b_yaml="include: [r.yaml]", r_yaml="x: 1\ninclude: a.yaml")
    (problem,) = folder.problems()
    assert problem.kind == "include_cycle"
    chain = str(problem.data["chain"]).replace(f"{folder.path}/", "")
    assert chain == "r.yaml → a.yaml → b.yaml → r.yaml"


def test_included_files_that_cannot_be(folder: Folder) -> None:
    folder.write(
        broken_yaml="a: [",
        list_yaml="- a",
        word_yaml="word",
        empty_yaml="# nothing\n",
        r_yaml="include: [none.yaml, ../../etc/passwd, broken.yaml, 3, list.yaml, empty.yaml, word.yaml]",
    )
    assert folder.faults() == [
        ("yaml_bracket", "broken.yaml", 1, 4),
        ("recipe_empty", "empty.yaml", 1, 1),
        ("recipe_not_mapping", "list.yaml", 1, 1),
        ("include_missing", "r.yaml", 1, 11),
        ("file_outside", "r.yaml", 1, 22),
        ("include_shape", "r.yaml", 1, 53),
        ("recipe_not_mapping", "word.yaml", 1, 1),
    ]


def test_too_many_includes(folder: Folder) -> None:
    chain = {f"a{i}_yaml": f"include: a{i + 1}.yaml" for i in range(12)}
    folder.write(**chain, r_yaml="include: a0.yaml")
    assert [kind for kind, *_ in folder.faults()] == ["include_too_many"]
    wide = {f"w{i}_yaml": "{}" for i in range(80)}
    folder.write(**wide, r_yaml="include: [" + ", ".join(f"w{i}.yaml" for i in range(80)) + "]")
    folder.files = RecipeFiles(folder.path)
    assert {kind for kind, *_ in folder.faults()} == {"include_too_many"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "recipe_empty"), ("\n# a remark\n", "recipe_empty"), ("~", "recipe_empty"), ("[]", "recipe_not_mapping")],
)
def test_a_recipe_is_a_mapping(folder: Folder, text: str, kind: str) -> None:
    assert folder.write(r_yaml=text).faults() == [(kind, "r.yaml", 1, 1)]


def test_a_recipe_that_is_not_there(folder: Folder) -> None:
    (problem,) = folder.problems()
    assert (problem.kind, problem.position, problem.data) == (
        "file_missing",
        None,
        {"path": str(folder.path / "r.yaml")},
    )


def test_a_recipe_of_ten_megabytes_is_refused_unread(folder: Folder) -> None:
    folder.write(r_yaml="a: " + "x" * 10_000_000)
    with cpu_budget(20):
        assert folder.problems()[0].kind == "file_too_big"


def test_vars_in_any_order_keep_their_types(folder: Folder) -> None:
    folder.write(
        r_yaml="vars: {a: '{{ b }} {{ env.STUDIO }}', b: '{{ c }}', c: 3, d: ['{{ c }}', {e: '{{ b }}'}], void: }\n"
        "name: '{{ a }}'\ncount: '{{ b }}'\nlist: '{{ d }}'\nhalf: 'x{{ c }}'\n"
    )
    document = folder.load()
    assert document.data == {
        "vars": {"a": "3 north", "b": 3, "c": 3, "d": [3, {"e": 3}], "void": None},
        "name": "3 north",
        "count": 3,
        "list": [3, {"e": 3}],
        "half": "x3",
    }
    assert folder.environ.read == {"STUDIO"}
    assert document.nearest(("list", 0)) == document.place(("list",))


def test_sets_win(folder: Folder) -> None:
    folder.write(r_yaml="vars: {company: '{{ nope }}', n: 1}\nname: '{{ company }}{{ n }}'\n")
    assert folder.data({"company": "Other {{ x }}", "n": "41"})["name"] == "Other {{ x }}41"


def test_an_unknown_set_gets_a_suggestion(folder: Folder) -> None:
    folder.write(r_yaml="vars: {company: Acme}\n")
    (problem,) = folder.problems({"compny": "x"})
    assert (problem.kind, problem.position, problem.suggestions) == ("set_unknown", None, ("company",))
    assert folder.write(r_yaml="a: 1") is folder


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1.5", 1.5),
        ("true", True),
        ("yes", "yes"),
        ("'3'", "3"),
        ("", ""),
        ("[1]", "[1]"),
        ("a: b", "a: b"),
        ("*x", "*x"),
    ],
)
def test_what_a_set_means(text: str, value: JSONValue) -> None:
    assert parse_set_value(text) == value


def test_faults_in_vars(folder: Folder) -> None:
    folder.write(
        r_yaml="vars:\n  a: '{{ b }}'\n  b: '{{ a }}'\n  c-d: 1\n"
        "  env: 2\n  e: '{{ nope }}'\n  f: '{{ e }}'\n  class: 1\n"
        "name: '{{ a }}{{ e }}{{ f }}'\n"
    )
    assert folder.faults() == [
        ("var_cycle", "r.yaml", 3, 3),
        ("var_name", "r.yaml", 4, 3),
        ("var_name", "r.yaml", 5, 3),
        ("template_name", "r.yaml", 6, 10),
        ("var_name", "r.yaml", 8, 3),
    ]
    assert folder.problems()[0].data["chain"] == "a → b → a"


def test_vars_that_are_too_much(folder: Folder) -> None:
    chain = "".join(f"  v{i}: '{{{{ v{i + 1} }}}}'\n" for i in range(100))
    folder.write(r_yaml=f"vars:\n{chain}  v100: 1\n  big: [{'1,' * 3000}]\n")
    assert {kind for kind, *_ in folder.faults()} == {"var_chain", "var_too_big"}


def test_vars_may_be_no_mapping(folder: Folder) -> None:
    assert folder.write(r_yaml="vars: 3\nname: x").data() == {"vars": 3, "name": "x"}


def test_the_environment(folder: Folder) -> None:
    folder.write(r_yaml="a: \"{{ env.NOPE | default('x') }}{{ env.STUDIO }}{{ env.SHORT }}{{ env['NO'] | d('y') }}\"\n")
    document = folder.load()
    assert document.data["a"] == "xnorthcaby"
    assert folder.environ.read == {"NOPE", "STUDIO", "SHORT", "NO"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{{ env.STUDOI }}", "env_missing"),
        ("{{ env['STUDOI'] }}", "env_missing"),
        ("{{ env.FAL_KEY }}", "env_secret"),
        ("{{ env.fal_key }}", "env_secret"),
        ("{{ env.Fal_Key_Secret | default('x') }}", "env_secret"),
        ("{{ env['FAL_' ~ 'KEY'] }}", "template_forbidden"),
        ("{{ env['FAL_KEY'] }}", "env_secret"),
        ("{{ env.get('FAL_KEY') }}", "template_forbidden"),
        ("{{ [env] | join(attribute='FAL_KEY') }}", "env_secret"),
        ("{{ env.COPY }}", "env_secret"),
        ("{{ env.HALF }}", "env_secret"),
        ("{{ env.fal_key_id }}", "env_secret"),
        ("{{ env }}", "template_not_value"),
        ("x{{ env }}", "template_not_text"),
    ],
)
def test_what_the_environment_does_not_say(folder: Folder, text: str, kind: str) -> None:
    folder.write(r_yaml=f'a: "{text}"\n')
    (problem,) = folder.problems()
    assert problem.kind == kind
    assert problem.position is not None
    assert KEY not in repr(problem)
    if kind == "env_missing":
        assert problem.suggestions == ("STUDIO",)


def test_the_environment_cannot_be_listed(folder: Folder) -> None:
    assert folder.write(r_yaml='a: "x{{ env | join }}{{ env | length }}"\n').data()["a"] == "x0"
    assert folder.write(r_yaml="a: \"{{ 3 in env }}{{ 'STUDIO' in env }}\"\n") is folder


def test_templates_of_takes_are_left_alone(folder: Folder) -> None:
    text = "templates: {a: '{{ x }}', b: {file: '{{ y }}'}}\nstages: [{prompt: '{{ z }}', with: {s: '{{ q }}'}}]\n"
    data = folder.write(r_yaml=text).data()
    assert data["templates"] == {"a": "{{ x }}", "b": {"file": "{{ y }}"}}
    assert data["stages"] == [{"prompt": "{{ z }}", "with": {"s": "{{ q }}"}}]


@pytest.mark.parametrize(
    ("steps", "is_one"),
    [
        (("templates", "a"), True),
        (("stages", 0, "prompt"), True),
        (("stages", 0, "repair", "prompt"), True),
        (("stages", 0, "with", "a", 0), True),
        (("photo_rules", "captions", "prefix"), True),
        (("outputs", "files", "name"), True),
        (("outputs", "files", "to"), False),
        (("name",), False),
        (("vars", "prompt"), False),
        (("shots", "a", "template"), True),
        (("shots", "a", "matrix", "template"), False),
    ],
)
def test_which_texts_are_templates(steps: tuple[str | int, ...], is_one: bool) -> None:  # noqa: FBT001 — a table's column
    assert is_take_template(steps) is is_one


def test_faults_have_their_place_inside_a_folded_text(folder: Folder) -> None:
    folder.write(r_yaml="vars: {b: 1}\ntext: >-\n  one {{ b }}\n  two {{ nope }}\n")
    assert folder.faults() == [("template_name", "r.yaml", 4, 10)]


def test_faults_of_included_templates_have_their_place(folder: Folder) -> None:
    folder.write(parts__a_j2="first\n{{ nope }}\n", r_yaml="a: \"{% include 'parts/a.j2' %}\"\n")
    assert folder.faults() == [("template_name", "parts/a.j2", 2, 4)]


def test_places_for_take_templates(folder: Folder) -> None:
    folder.write(
        parts__a_j2="x\n{{ subject.nuon }}\n",
        r_yaml='templates:\n  a: "{{ sbject }}"\n  b: "{% include \'parts/a.j2\' %}"\n',
    )
    document = folder.load()
    engine = TemplateEngine(folder.files)
    known = {"subject": {"noun": None}}
    (first,) = engine.check("{{ sbject }}", known)
    assert document.fault_place(("templates", "a"), first).column == 10
    (second,) = engine.check("{% include 'parts/a.j2' %}", known)
    place = document.fault_place(("templates", "b"), second)
    assert (Path(place.file), place.line, place.column, place.length) == (folder.path / "parts/a.j2", 2, 12, 4)
    assert document.texts.place_in(folder.path / "parts/a.j2", 2, 1).line == 2
    assert document.texts.lines(place.file) == ["x", "{{ subject.nuon }}", ""]


def test_rendering_is_bounded_altogether(folder: Folder) -> None:
    folder.write(
        long_j2="{% if true %}x{% endif %}" * 1000,
        r_yaml="".join(f"a{i}: \"{{% include 'long.j2' %}}{i}\"\n" for i in range(400)),
    )
    with cpu_budget(500):  # an attack that works takes minutes, which are thousands
        assert [kind for kind, *_ in folder.faults()] == ["template_too_much_work"]


def test_too_many_texts_to_render(folder: Folder) -> None:
    folder.write(r_yaml="vars: {b: 1}\na: [" + "'{{ b }}'," * 1500 + "]\n")
    assert [kind for kind, *_ in folder.faults()] == ["too_many_templates"]


def test_all_problems_at_once(folder: Folder) -> None:
    folder.write(r_yaml="name: '{{ nope }}'\nname: x\ninclude: none.yaml\nb: '{{ nope'\n")
    assert [kind for kind, *_ in folder.faults()] == [
        "template_name",
        "duplicate_key",
        "include_missing",
        "template_syntax",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "vars:\n" + "".join(f"  v{i}: '{{{{ v{i + 1} }}}}'\n" for i in range(30_000)),
        "".join(f"c{i}: '{i}{'{{ b }}' * 8000}'\n" for i in range(15)),
        "a: " + "'" + "{{ b }}" * 1200 + "'",
        "a: 1\n" * 95_000,
        "- !x\n" * 90_000,
    ],
    ids=["vars", "long texts", "faults", "duplicates", "tags"],
)
def test_large_faulty_recipes_end_soon(folder: Folder, text: str) -> None:
    folder.write(r_yaml=text)
    with cpu_budget(500):  # an attack that works takes minutes, which are thousands
        assert 1 <= len(folder.problems()) <= 200
