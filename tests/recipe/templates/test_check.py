from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_names import KnownNames
from nano_banana.recipe.template_syntax import TemplateFault

KNOWN: KnownNames = {
    "subject": {"noun": None, "trigger": None, "traits": {"hair": None}},
    "scene": {"place": None, "light": None, "key": None},
    "seed": None,
    "cast": None,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/light.j2").write_text("in {{ scene.lihgt }}")
    (tmp_path / "parts/good.j2").write_text("{{ seed }}{{ scene.place }}")
    (tmp_path / "parts/broken.j2").write_text("{{ seed")
    (tmp_path / "parts/local.j2").write_text("{{ word }}")
    (tmp_path / "parts/words.j2").write_text("{% macro two(a) %}{{ a }}{{ a }}{% endmacro %}{{ seed }}")
    (tmp_path / "parts/slow.j2").write_text(
        "{% for i in range(900) %}{% for j in range(900) %}{% endfor %}{% endfor %}"
    )
    (tmp_path / "base.j2").write_text("{% block body %}base{% endblock %}!")
    (tmp_path / "bytes.j2").write_bytes(b"\xff")
    return tmp_path


@pytest.fixture
def engine(project: Path) -> TemplateEngine:
    return TemplateEngine(RecipeFiles(project))


def marked(engine: TemplateEngine, text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (fault.kind, text[fault.offset : fault.offset + fault.length], fault.suggestions)
        for fault in engine.check(text, KNOWN)
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("{{ subject.noun }} {{ seed }} {{ scene.place }} {{ cast.anything.goes }}", []),
        ("{{ scene.plaec }}", [("template_field", "plaec", ("place",))]),
        ("{{ scene['plaec'] }}", [("template_field", "plaec", ("place",))]),
        ("{{ subject.traits.hiar.x }}", [("template_field", "hiar", ("hair",))]),
        (
            "{{ sbject }} and {{ sead }}",
            [("template_name", "sbject", ("subject",)), ("template_name", "sead", ("seed",))],
        ),
        ("{{ seed | uper }}", [("template_filter", "uper", ("upper",))]),
        ("{% filter uper %}x{% endfilter %}", [("template_filter", "uper", ("upper",))]),
        ("{{ seed is odf }}", [("template_test", "odf", ("odd",))]),
        (
            "{{ nope | default('x') }}{{ subject.nope | d(1) }}{% if a is defined and b.c is undefined %}{% endif %}",
            [],
        ),
        ("{{ nope | default(other) }}", [("template_name", "other", ())]),
        (
            "{% for a in cast %}{{ a }}{{ loop.index }}{{ loop.indx }}{% endfor %}",
            [("template_field", "indx", ("index", "index0", "revindex"))],
        ),
        ("{% for a, b in cast if b %}{{ a }}{{ b }}{% else %}{{ a }}{% endfor %}", [("template_name", "a", ())]),
        ("{% for a in cast %}{% endfor %}{{ a }}", [("template_name", "a", ())]),
        ("{% set s = subject %}{{ s.nuon }}", [("template_field", "nuon", ("noun",))]),
        ("{% set x %}{{ nope }}{% endset %}{{ x }}", [("template_name", "nope", ())]),
        ("{% set x | upper %}a{% endset %}{{ x }}", []),
        ("{% with a = seed %}{{ a }}{% endwith %}{{ a }}", [("template_name", "a", ())]),
        ("{% macro m(a, b=seed) %}{{ a }}{{ b }}{{ caller() }}{{ varargs }}{% endmacro %}{{ m(1) }}", []),
        (
            "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(x) m() %}{{ x }}{{ y }}{% endcall %}",
            [("template_name", "y", ())],
        ),
        ("{% block a %}{{ nope }}{% endblock %}", [("template_name", "nope", ())]),
        ("{% for k, v in subject.traits.items() %}{{ k }}{{ v }}{% endfor %}", []),
        ("{{ subject.traits.get('x', nope) }}", [("template_name", "nope", ())]),
        ("{{ range(3) }}{% set n = namespace(a=1) %}{% set n.a = 2 %}{{ n.a }}", []),
        ("{{ nope + {'a': [nope]}['a'] }}", [("template_name", "nope", ()), ("template_name", "nope", ())]),
        ("{{ (subject if seed else scene).nope }}{{ 'x'.upper() }}", []),
        (
            "\n\n{{-  nope -}}  \n {%- if nope %}{% endif %}",
            [("template_name", "nope", ()), ("template_name", "nope", ())],
        ),
    ],
)
def test_names(engine: TemplateEngine, text: str, faults: list[tuple[str, str, tuple[str, ...]]]) -> None:
    assert marked(engine, text) == faults


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("abc {{ x", 7),
        ("{% if %}", 6),
        ("a {{ 'abc }}", 5),
        ("{% for a in b %}", 14),
        ("{{ ) }}", 3),
        ("x {# abc", 4),
        ("{{ 3 + }}", 7),
        ("{% foo %}", 3),
        ("{{ 'a\\x' }}", 3),
        ("{% raw %}x", 9),
    ],
)
def test_syntax_faults_have_their_offset(engine: TemplateEngine, text: str, offset: int) -> None:
    (fault,) = engine.check(text, KNOWN)
    assert (fault.kind, fault.offset) == ("template_syntax", min(offset, len(text) - 1))


def test_included_files_are_checked_in_their_own_text(engine: TemplateEngine, project: Path) -> None:
    text = "{{ nope }}{% include 'parts/light.j2' %}{% include 'parts/light.j2' %}"
    first, second = engine.check(text, KNOWN)
    assert (first.file, first.offset) == (None, 3)
    assert (second.file, second.offset, second.suggestions) == (project / "parts/light.j2", 12, ("light",))


def test_a_broken_included_file(engine: TemplateEngine, project: Path) -> None:
    (fault,) = engine.check("{% include 'parts/broken.j2' %}", KNOWN)
    assert (fault.kind, fault.file) == ("template_syntax", project / "parts/broken.j2")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{% include 'parts/none.j2' %}", "file_missing"),
        ("{% include 'parts' %}", "file_not_regular"),
        ("{% include 'bytes.j2' %}", "file_not_text"),
        ("{% include '../x.j2' ignore missing %}", "file_outside"),
    ],
)
def test_included_files_that_cannot_be_read(engine: TemplateEngine, text: str, kind: str) -> None:
    (fault,) = engine.check(text, KNOWN)
    assert (fault.kind, fault.offset) == (kind, 12)


def test_a_missing_file_may_be_ignored(engine: TemplateEngine) -> None:
    assert engine.compile("a{% include 'none.j2' ignore missing %}").render({}) == "a"


def test_an_included_file_sees_what_is_around_it(engine: TemplateEngine) -> None:
    text = "{% set word = 1 %}{% include 'parts/local.j2' %}"
    assert engine.check(text, KNOWN) == []
    assert engine.check("{% include 'parts/local.j2' %}", KNOWN) != []
    assert engine.compile(text).render({}) == "1"


def test_an_import_sees_nothing_around_it(engine: TemplateEngine) -> None:
    faults = engine.check("{% import 'parts/words.j2' as w %}{{ w.two(1) }}", KNOWN)
    assert [fault.kind for fault in faults] == ["template_name"]
    assert engine.check("{% from 'parts/words.j2' import two, two as pair with context %}{{ two(1) }}", KNOWN) == []


def test_imports_work(engine: TemplateEngine) -> None:
    context = {"seed": 3}
    assert engine.compile("{% from 'parts/words.j2' import two with context %}{{ two(1) }}").render(context) == "11"
    text = "{% import 'parts/words.j2' as w with context %}{{ w.two(2) }}"
    assert engine.compile(text).render(context) == "22"
    with pytest.raises(TemplateFault) as caught:
        engine.compile(text + "{{ w.three }}").render(context)
    assert caught.value.kind == "template_field"


def test_templates_extend(engine: TemplateEngine) -> None:
    text = "{% extends 'base.j2' %}{% block body %}<{{ super() }}>{% endblock %}"
    assert engine.check(text, KNOWN) == []
    assert engine.compile(text).render({}) == "<base>!"


def test_a_template_knows_its_files_and_uses(engine: TemplateEngine, project: Path) -> None:
    template = engine.compile("{% include 'parts/good.j2' %}")
    assert template.files == (project / "parts/good.j2",)
    assert template.uses == {"seed", "scene", "scene.place"}


def test_a_fault_while_rendering_is_in_the_included_file(engine: TemplateEngine, project: Path) -> None:
    with pytest.raises(TemplateFault) as caught:
        engine.compile("x {% include 'parts/slow.j2' %}").render({})
    assert caught.value.file == project / "parts/slow.j2"
    with pytest.raises(TemplateFault) as caught:
        engine.compile("x {% include 'parts/light.j2' %}").render({"scene": {"light": "x"}})
    assert (caught.value.file, caught.value.offset, caught.value.length) == (project / "parts/light.j2", 12, 5)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a {% block a %}{% endblock %}{% block a %}{% endblock %}", "template_syntax"),
        ("{% block a required %}x{% endblock %}", "template_syntax"),
        ("{% macro m(a, a) %}{% endmacro %}{{ m(1, 2) }}", "template_syntax"),
        ("{{ range(a=1, a=1) }}", "template_syntax"),
        ("{% macro m(caller) %}{{ caller() }}{% endmacro %}", "template_syntax"),
        ("{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "template_too_deep"),
        ("{{ 1e400 }}", "template_number_too_big"),
    ],
)
def test_what_only_the_compiler_refuses_is_found_by_a_check(engine: TemplateEngine, text: str, kind: str) -> None:
    assert [fault.kind for fault in engine.check(text, {})] == [kind]


GUARDS = [
    "{{ place.key | default('x') FILTER }}",
    "{{ place['key'] | default('x') FILTER }}",
    "{{ (place.key FILTER) if place is defined else 'x' }}",
    "{% if place is defined %}{{ place.key FILTER }}{% endif %}x",
    "{% if place.key is defined %}{{ place.key FILTER }}{% endif %}x",
    "{% if place is not defined %}x{% else %}{{ place.key FILTER }}{% endif %}",
    "{% if place is undefined %}x{% elif place.key %}{{ place.key FILTER }}{% endif %}x",
    "{% if not place is defined or place.key == 'office' %}x{% else %}{{ place.key FILTER }}{% endif %}",
    "{% if place is defined and place.key != 'x' and seed %}{{ place.key FILTER }}{% endif %}x",
    "{% set it = place.key | default('x') %}{{ it FILTER }}",
    "{% for it in cast if place is defined %}{{ place.key FILTER }}{% endfor %}x",
]
FILTERS = "capitalize lower title trim truncate upper wordcount string length count first last replace('a','b')"
TESTS = """
    boolean defined eq('a') equalto('a') false float in(['a']) integer iterable lower mapping ne('a') none number
    sequence string true undefined upper
"""


@pytest.mark.parametrize("text", GUARDS)
def test_a_name_that_may_be_missing_is_asked_for_first(engine: TemplateEngine, text: str) -> None:
    """Whatever is done with it behind that: every filter of texts, every test."""
    known: KnownNames = {"seed": None, "cast": None}
    forms = [f"| {name}" for name in FILTERS.split()] + [f"is {name}" for name in TESTS.split()]
    for form in forms:
        template = text.replace("FILTER", form)
        assert engine.check(template, known) == [], template
        assert engine.compile(template).render({"seed": 11, "cast": ["ana"]}), template


@pytest.mark.parametrize(
    "text",
    [
        "{% if place is undefined %}{{ place.key }}{% endif %}",
        "{% if place is defined %}x{% else %}{{ place.key }}{% endif %}",
        "{% if place is defined or seed %}{{ place.key }}{% endif %}",
        "{{ place.key if seed else 'x' }}",
        "{% if place is defined %}x{% endif %}{{ place.key }}",
        "{{ place.key or 'x' }}",
    ],
)
def test_one_that_is_asked_for_elsewhere_may_still_be_missing(engine: TemplateEngine, text: str) -> None:
    known: KnownNames = {"seed": None, "cast": None}
    assert [fault.data["name"] for fault in engine.check(text, known)] == ["place"]
