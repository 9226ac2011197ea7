from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.recipe.axis_values import axis_values
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine, normalize_prompt
from nano_banana.recipe.template_syntax import TemplateFault
from tests.cpu_budget import cpu_budget

STYLES = axis_values(
    {
        "corporate": {"medium": "headshot photograph", "wear": "a charcoal blazer", "crop": "chest-up"},
        "oil": {"medium": "oil painting", "wear": "a linen shirt", "crop": "chest-up", "painted": True},
    }
)
SCENES = axis_values({"office": {"place": "a bright office", "light": "soft light"}, "street": "a rainy street"})
SUBJECT = {"trigger": "anqz7", "noun": "woman", "traits": {"hair": "dark hair", "eyes": "grey eyes"}, "name": "ana"}
CONTEXT = {
    "subject": SUBJECT,
    "style": STYLES["corporate"],
    "scene": SCENES["office"],
    "cast": ["ana", "ben"],
    "seed": 11,
    "flag": True,
    "nothing": None,
    "size": 1.5,
}
PORTRAIT = """
    {{ subject.trigger }} {{ subject.noun }}, {{ style.medium }}, {{ style.crop }}, wearing {{ style.wear }},
    in {{ scene.place }}, {{ scene.light }}{% if not style.painted %}, 85 mm lens, natural skin texture{% endif %}
"""


@pytest.fixture
def engine(tmp_path: Path) -> TemplateEngine:
    return TemplateEngine(RecipeFiles(tmp_path))


def render(engine: TemplateEngine, text: str) -> str:
    return engine.compile(text).render(CONTEXT)


def fault(engine: TemplateEngine, text: str) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        render(engine, text)
    return caught.value


@pytest.mark.parametrize(
    "word", ["capitalize", "lower", "title", "trim", "upper", "truncate", "replace('a','b')", "default('x')", "d"]
)
def test_nothing_is_never_the_word_none(engine: TemplateEngine, word: str) -> None:
    assert render(engine, f"{{{{ nothing | {word} }}}}") == ""
    assert render(engine, "{{ [nothing] | join }}") == ""


def test_a_portrait(engine: TemplateEngine) -> None:
    assert render(engine, PORTRAIT) == (
        "anqz7 woman, headshot photograph, chest-up, wearing a charcoal blazer, in a bright office, soft light,"
        " 85 mm lens, natural skin texture"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ cast | join('-') }}_{{ scene.key }}_s{{ seed }}.png", "ana-ben_office_s11.png"),
        ("{{ scene }}", "office"),
        ("{{ scene | upper }} {{ scene == 'office' }}", "OFFICE true"),
        ("{{ nothing }}{{ flag }} {{ size }}", "true 1.5"),
        ("{{ nothing | default('x', true) }}{{ nope | default('y') }}{{ nope.x.y | d('z') }}", "xyz"),
        ("{% if nope is defined %}a{% endif %}{% if seed is odd %}b{% endif %}", "b"),
        ("{% if seed == 3 %}a{% elif seed > 10 and flag %}b{% else %}c{% endif %}", "b"),
        ("{% if nothing %}a{% elif not flag %}b{% else %}c{% endif %}", "c"),
        ("{{ subject['noun'] }} {{ cast[0] }} {{ cast[-1] }} {{ cast.1 }}", "woman ana ben ben"),
        (
            "{{ cast | first }} {{ cast | last }} {{ cast | length }} {{ subject.traits | join('/') }}",
            "ana ben 2 hair/eyes",
        ),
        ("{{ 'WoMan' | lower | title | replace('W', 'H') }} {{ ' a ' | trim }}", "Homan a"),
        ("{{ 'the sea-side view' | title }} {{ 'aB' | capitalize }}", "The Sea-Side View Ab"),
        ("{{ 1.26 | round(1) }} {{ 2.5 | round }} {{ -1 }}", "1.3 2.0 -1"),
        ("{{ [subject] | join(' ', attribute='name') }}", "ana"),
        ("{{ 'abc' | truncate(2, true, '', 0) }} {{ 'a long text' | truncate(8, leeway=0) }}", "ab a..."),
        ("{% raw %}{{ x }}{% endraw %}{# a remark #}", "{{ x }}"),
        (
            "{{ 'ana' in cast }} {{ 'off' not in scene.key }} {{ seed in [11, 29] }} {{ (1, 2)[1] }}",
            "true false true 2",
        ),
        ("{{ 1 < 2 < 3 }} {{ 'a' <= scene }} {{ size >= 2 }}", "true true false"),
        ("a\n   b\tc  ", "a b c"),
        ("{{ 'x' if flag }}{{ 'z' if nothing }}{{ nope if false else 'y' }}", "xy"),
        ("{{ nothing or subject.noun }}{{ flag and 'x' }}", "womanx"),
    ],
)
def test_what_templates_say(engine: TemplateEngine, text: str, said: str) -> None:
    assert render(engine, text) == said


@pytest.mark.parametrize(
    ("text", "kind", "marked", "hint"),
    [
        ("a {{ sbject }}", "template_name", "sbject", ("subject",)),
        ("a {{ subject.nuon }}", "template_field", "nuon", ("noun",)),
        ("{{ scene.plaec }}", "template_field", "plaec", ("place",)),
        ("{{ seed.x }}", "template_field", "x", ()),
        ("{{ nothing.x }}", "template_field", "x", ()),
        ("{{ subject.noun.shout }}", "template_field", "shout", ()),
        ("{{ cast[7] }}", "template_field", "7", ()),
        ("{{ cast['x'] }}", "template_field", "x", ()),
        ("{{ [] | first }}", "template_failed", "first", ()),
        ("x {{ cast }}", "template_not_text", "cast", ()),
        ("x {{ subject.traits }}", "template_not_text", "traits", ()),
        ("{{ subject | upper }}", "template_not_text", "upper", ()),
        ("{{ seed < cast }}", "template_failed", "seed", ()),
        ("{{ cast in seed }}", "template_failed", "cast", ()),
        ("{{ nope in cast }}", "template_name", "nope", ()),
        ("{{ nope.x.y }}", "template_name", "nope", ()),
        ("{{ seed | join }}", "template_failed", "join", ()),
        ("{{ seed | length }}", "template_failed", "length", ()),
        ("{{ cast | round }}", "template_failed", "round", ()),
        ("{{ scene is odd }}", "template_failed", None, ()),
        ("{{ scene | replace('a') }}", "template_failed", "replace", ()),
        ("{{ scene | upper(1) }}", "template_failed", "upper", ()),
        ("{{ cast | join(between='x') }}", "template_failed", "join", ()),
        ("{{ cast | join(attribute='x') }}", "template_field", "join", ()),
        ("{{ scene | truncate(1) }}", "template_failed", "truncate", ()),
    ],
)
def test_faults_say_where(
    engine: TemplateEngine, text: str, kind: str, marked: str | None, hint: tuple[str, ...]
) -> None:
    found = fault(engine, text)
    assert (found.kind, found.suggestions) == (kind, hint)
    if marked is not None:
        assert text[found.offset : found.offset + found.length] == marked


def test_a_fault_makes_a_problem(engine: TemplateEngine) -> None:
    problem = fault(engine, "{{ sbject }}").problem(None)
    assert (problem.kind, dict(problem.data), problem.suggestions) == (
        "template_name",
        {"name": "sbject"},
        ("subject",),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ seed }}", 11),
        ("  {{ seed }}\n", 11),
        ("{{ cast }}", ["ana", "ben"]),
        ("{{ (1, scene) }}", [1, "office"]),
        ("{{ [nothing, 1.5, true] }}", [None, 1.5, True]),
        ("{{ subject.traits }}", {"hair": "dark hair", "eyes": "grey eyes"}),
        ("{{ '12' }}", "12"),
        ("{{ seed }}{{ seed }}", "1111"),
        ("s{{ seed }}", "s11"),
        ("{% if flag %}x{% endif %}", "x"),
        ("plain  text", "plain  text"),
        ("", ""),
    ],
)
def test_a_whole_value_keeps_its_type(engine: TemplateEngine, text: str, value: JSONValue) -> None:
    assert engine.evaluate(text, CONTEXT) == value


def test_a_value_that_is_none(engine: TemplateEngine) -> None:
    with pytest.raises(TemplateFault) as caught:
        engine.evaluate("{{ nope }}", CONTEXT)
    assert caught.value.kind == "template_name"


def test_uses_names_what_is_read(engine: TemplateEngine) -> None:
    template = engine.compile("{{ subject.trigger }}{% if cast[0].x == scene['light'] %}x{% endif %}")
    assert template.uses == {"subject", "subject.trigger", "cast", "scene", "scene.light"}


def test_a_value_keeps_blanks(engine: TemplateEngine) -> None:
    assert engine.evaluate(" a\n\n b ", {}) == " a\n\n b "


def test_normal_form_keeps_other_spaces() -> None:
    assert normalize_prompt(" a \r\n\tb\u00a0c\u3000d ") == "a b\u00a0c\u3000d"


def test_a_thousand_portraits_take_no_time(engine: TemplateEngine) -> None:
    with cpu_budget(50):
        for _ in range(1000):
            engine.compile(PORTRAIT).render(CONTEXT)
