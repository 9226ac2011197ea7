from __future__ import annotations

import time
from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.recipe.axis_values import axis_values
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_budget import RenderBudget
from nano_banana.recipe.template_engine import TemplateEngine, normalize_prompt
from nano_banana.recipe.template_syntax import TemplateFault

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
    "word",
    ["capitalize", "lower", "title", "trim", "upper", "truncate", "string", "replace('a','b')", "default('x')", "d"],
)
@pytest.mark.parametrize("text", ["{{ nothing | WORD }}", "{% filter WORD %}{{ nothing }}{% endfilter %}"])
def test_nothing_is_never_the_word_none(engine: TemplateEngine, text: str, word: str) -> None:
    assert render(engine, text.replace("WORD", word)) == ""
    assert render(engine, "{{ [nothing] | map('upper') | join }}{{ nothing | wordcount }}") == "0"


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
        ("{{ scene ~ '!' }}", "office!"),
        ("{{ 'in ' + scene }}", "in office"),
        ("{{ scene | upper }} {{ scene == 'office' }}", "OFFICE true"),
        ("{{ nothing }}{{ flag }} {{ size }}", "true 1.5"),
        ("{{ nothing | default('x', true) }}{{ nope | default('y') }}", "xy"),
        ("{% if nope is defined %}a{% endif %}{% if seed is odd %}b{% endif %}", "b"),
        (
            "{% for name in cast %}{{ loop.index }}{{ name }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "1ana, 2ben",
        ),
        ("{% for a in [] %}{% else %}none{% endfor %}", "none"),
        ("{% for name in cast %}{{ loop.cycle('x', 'y') }}{% endfor %}", "xy"),
        ("{% for k, v in subject.traits.items() %}{{ k }}={{ v }};{% endfor %}", "hair=dark hair;eyes=grey eyes;"),
        ("{% for k in subject.traits %}{{ k }} {% endfor %}", "hair eyes"),
        ("{% for letter in 'abc' %}{{ letter }}{% endfor %}", "abc"),
        (
            "{{ subject.traits.get('hair') }} {{ subject['noun'] }} {{ cast[0] }} {{ cast[-1] }}",
            "dark hair woman ana ben",
        ),
        ("{{ 'abc'[1:] }} {{ cast[:1] | first }}", "bc ana"),
        ("{{ subject.noun.upper() }} {{ 'a b'.split() | last }}", "WOMAN b"),
        ("{{ 'WoMan'.lower().title() | replace('W', 'H') }}", "Homan"),
        (
            "{% set x = 3 %}{{ x + 2 * 4 - 1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 3 / 2 }} {{ 2 ** 3 }} {{ -x }}",
            "10 3 3 1.5 8 -3",
        ),
        ("{{ [1, 2] + [3] | list | length }}", None),
        ("{{ ([1, 2] + [3]) | length }} {{ [3, 1, 2] | sort | first }} {{ [1.5, 2] | sum }}", "3 1 3.5"),
        ("{{ [1.26, 2] | first | round(1) }} {{ 2.5 | round }}", "1.3 2.0"),
        ("{{ cast | map('upper') | join(' ') }} {{ cast | select('eq', 'ana') | first }}", "ANA BEN ana"),
        ("{{ [subject] | map(attribute='noun') | join }} {{ [subject] | join(' ', attribute='name') }}", "woman ana"),
        ("{{ 3 | string ~ 'x' }} {{ 'a b c' | wordcount }} {{ 'abc' | truncate(2, true, '', 0) }}", "3x 3 ab"),
        ("{% macro hi(who='you') %}hi {{ who }}{% endmacro %}{{ hi() }} {{ hi(who='ana') }}", "hi you hi ana"),
        ("{% macro q() %}<{{ caller() }}>{% endmacro %}{% call q() %}x{% endcall %}", "<x>"),
        ("{% set ns = namespace(n=0) %}{% for a in cast %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{% filter upper %}x{% endfilter %}", "1X"),
        ("{% set x %}a{{ seed }}{% endset %}{{ x }}{% set y | upper %}b{% endset %}{{ y }}", "a11B"),
        ("{% raw %}{{ x }}{% endraw %}{# a remark #}", "{{ x }}"),
        ("{{ 'ana' in cast }} {{ {'a': 1}.a }} {{ (1, 2)[1] }} {{ {1: 2}[1] }}", "true 1 2 2"),
        ("{% block a %}x{% endblock %}{{ self.a() }}", "xx"),
        ("a\n   b\tc  ", "a b c"),
        ("{% for a in range(3) if a != 1 %}{{ a }}{% endfor %}{{ range(5, 0, -2) | join }}", "02531"),
        ("{{ 'x' if flag }}{{ ['a'] | items | length if false else 'y' }}", "xy"),
    ],
)
def test_what_templates_say(engine: TemplateEngine, text: str, said: str | None) -> None:
    if said is None:
        assert fault(engine, text).kind == "template_failed"
    else:
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
        ("{{ cast[1.5] }}", "template_field", "1", ()),
        ("{{ [] | first }}", "template_failed", "first", ()),
        ("x {{ cast }}", "template_not_text", "cast", ()),
        ("x {{ subject.traits }}", "template_not_text", "traits", ()),
        ("x {{ range }}", "template_not_text", "range", ()),
        ("{{ subject | upper }}", "template_not_text", "upper", ()),
        ("{{ 1 / 0 }}", "template_failed", "1", ()),
        ("{{ nope + 1 }}", "template_name", "nope", ()),
        ("{{ nope ~ 'x' }}", "template_name", "nope", ()),
        ("{{ nope() }}", "template_name", "nope", ()),
        ("{{ nope.x.y }}", "template_name", None, ()),
        ("{% for a in nope %}{% endfor %}", "template_name", None, ()),
        ("{% for a in 3 %}{% endfor %}", "template_failed", None, ()),
        ("{{ none + 1 }}", "template_failed", None, ()),
        ("{{ ns.x }}{% set ns = namespace() %}", "template_name", None, ()),
        ("{% set ns = namespace() %}{{ ns.x }}", "template_field", "x", ()),
        ("{{ ['a', 1] | sum }}", "template_failed", "sum", ()),
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
        ("  {{ seed * 2 }}\n", 22),
        ("{{ cast }}", ["ana", "ben"]),
        ("{{ (1, scene) }}", [1, "office"]),
        ("{{ {'a': [nothing, 1.5, true]} }}", {"a": [None, 1.5, True]}),
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


@pytest.mark.parametrize(("text", "kind"), [("{{ nope }}", "template_name"), ("{{ range }}", "template_not_value")])
def test_a_value_that_is_none(engine: TemplateEngine, text: str, kind: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        engine.evaluate(text, CONTEXT)
    assert caught.value.kind == kind


def test_texts_may_share_a_budget(engine: TemplateEngine) -> None:
    budget = RenderBudget()
    engine.evaluate("{% for i in range(1000) %}{% endfor %}", {}, budget=budget)
    budget.step(budget.steps)
    with pytest.raises(TemplateFault) as caught:
        engine.evaluate("{% for i in range(1) %}{% endfor %}", {}, budget=budget)
    assert caught.value.kind == "template_too_long_running"


def test_uses_names_what_is_read(engine: TemplateEngine) -> None:
    template = engine.compile("{{ subject.trigger }}{% for a in cast %}{{ a.x }}{% endfor %}{% set b = 1 %}{{ b }}")
    assert template.uses == {"subject", "subject.trigger", "cast"}


def test_raw_keeps_blanks(engine: TemplateEngine) -> None:
    assert engine.compile(" a\n\n b ").raw({}) == " a\n\n b "


def test_normal_form_keeps_other_spaces() -> None:
    assert normalize_prompt(" a \r\n\tb\u00a0c\u3000d ") == "a b\u00a0c\u3000d"


def test_a_thousand_portraits_take_no_time(engine: TemplateEngine) -> None:
    begun = time.process_time()
    for _ in range(1000):
        engine.compile(PORTRAIT).render(CONTEXT)
    assert time.process_time() - begun < 1  # all ten thousand in 0.15 s, where nobody measures coverage
