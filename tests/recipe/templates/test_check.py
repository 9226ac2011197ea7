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
    (tmp_path / "parts/guarded.j2").write_text("{{ word }}")
    (tmp_path / "parts/long.j2").write_text("{{ 'x' | replace('', '" + "y" * 15_000 + "') }}")
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
        ("{{ seed is odf }}", [("template_test", "odf", ("odd",))]),
        (
            "{{ nope | default('x') }}{{ subject.nope | d(1) }}{% if a is defined and b.c is undefined %}{% endif %}",
            [],
        ),
        ("{{ nope | default(other) }}", [("template_name", "other", ())]),
        ("{{ seed | replace(nope, 'x') }}", [("template_name", "nope", ())]),
        ("{{ cast | join(d=nope) }}", [("template_name", "nope", ())]),
        ("{{ [nope] | join }}{{ nope in cast }}", [("template_name", "nope", ()), ("template_name", "nope", ())]),
        ("{{ (subject if seed else scene).nope }}", []),
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
        ("{% include '../x.j2' %}", "file_outside"),
    ],
)
def test_included_files_that_cannot_be_read(engine: TemplateEngine, text: str, kind: str) -> None:
    (fault,) = engine.check(text, KNOWN)
    assert (fault.kind, fault.offset) == (kind, 12)


def test_an_included_file_is_guarded_by_what_is_around_it(engine: TemplateEngine) -> None:
    assert engine.check("{% if word is defined %}{% include 'parts/guarded.j2' %}{% endif %}", KNOWN) == []
    assert engine.check("{% include 'parts/guarded.j2' %}", KNOWN) != []


@pytest.mark.parametrize(
    ("text", "word", "instead"),
    [
        ("a {% for name in cast %}{{ name }}{% endfor %}", "for", "{{ cast | join(', ') }}"),
        ("{% set hair = 'red' %}", "set", "`vars`"),
        ("{% set hair %}red{% endset %}", "set", "`vars`"),
        ("{% with hair = 'red' %}{% endwith %}", "with", "`vars`"),
        ("{% macro m() %}{% endmacro %}", "macro", "include"),
        ("{% call seed() %}{% endcall %}", "call", "include"),
        ("{% import 'parts/good.j2' as good %}", "import", "include"),
        ("{% from 'parts/good.j2' import good %}", "from", "include"),
        ("{% extends 'parts/good.j2' %}", "extends", "include"),
        ("{% block body %}{% endblock %}", "block", "include"),
        ("{% filter upper %}x{% endfilter %}", "filter", "| upper"),
        ("{{ subject.noun.upper() }}", "upper", "| upper"),
        ("{{ range(3) }}", "range", "filter"),
        ("{{ seed + 1 }}", "seed", "number"),
        ("{{ -seed }}", "-", "number"),
        ("{{ seed ~ 'x' }}", "seed", "one value after the other"),
        ("{{ cast[1:] }}", None, "`last`"),
        ("{{ cast[seed] }}", None, "`cast[0]`"),
        ("{{ {'a': 1} }}", None, "`vars`"),
        ("{{ seed is divisibleby(3) }}", "is", "=="),
        ("{{ cast | join(*cast) }}", "join", "arguments"),
        ("{% include 'parts/good.j2' ignore missing %}", "include", "name alone"),
        ("{% include seed %}", "include", "name alone"),
    ],
)
def test_refused_syntax_says_what_to_write_instead(
    engine: TemplateEngine, text: str, word: str | None, instead: str
) -> None:
    (fault,) = engine.check(text, KNOWN)
    assert fault.kind == "template_forbidden"
    assert instead in str(fault.data["instead"])
    if word is not None:
        assert text[fault.offset : fault.offset + fault.length] == word


def test_a_template_knows_its_uses(engine: TemplateEngine) -> None:
    template = engine.compile("{% include 'parts/good.j2' %}")
    assert template.uses == {"seed", "scene", "scene.place"}


def test_a_fault_while_rendering_is_in_the_included_file(engine: TemplateEngine, project: Path) -> None:
    with pytest.raises(TemplateFault) as caught:
        engine.compile("x {% include 'parts/long.j2' %}").render({})
    assert caught.value.file == project / "parts/long.j2"
    with pytest.raises(TemplateFault) as caught:
        engine.compile("x {% include 'parts/light.j2' %}").render({"scene": {"light": "x"}})
    assert (caught.value.file, caught.value.offset, caught.value.length) == (project / "parts/light.j2", 12, 5)


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
]
FILTERS = "capitalize lower title trim truncate upper length first last replace('a','b')"
TESTS = "defined none undefined"


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
