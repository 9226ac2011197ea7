"""Templates that mean harm: each ends in a clear fault, at once, in little memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault

ENDLESS = "template_too_long_running"
OUTPUT = "template_output_too_long"
NUMBER = "template_number_too_big"
LIST = "template_list_too_long"
DEEP = "template_too_deep"
FIELD = "template_field"
FAILED = "template_failed"
FILTER = "template_filter"
FORBIDDEN = "template_forbidden"

GROW = "{% set ns = namespace(x=START) %}{% for i in range(100) %}BODY{% endfor %}"


def grow(start: str, body: str) -> str:
    return GROW.replace("START", start).replace("BODY", body)


ENDLESS_WORK = {
    "nested ranges": "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "loop condition": "{% for a in range(1000) %}{% for b in range(1000) if b < 0 %}{% endfor %}{% endfor %}",
    "search in loops": "{% set l = range(1000) %}{% for a in l %}{% for b in l %}{{ -1 in l }}{% endfor %}{% endfor %}",
    "sort in a loop": "{% for a in range(1000) %}{% set b = range(1000) | sort | unique | list %}{% endfor %}",
    "includes in includes": "{% include 'wide0.j2' %}",
    "macros that call twice": (
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(14) }}"
    ),
}

GROWTH = {
    "texts by ~": (grow("'xxxx'", "{% set ns.x = ns.x ~ ns.x %}"), OUTPUT),
    "texts by +": (grow("'xxxx'", "{% set ns.x = ns.x + ns.x %}"), OUTPUT),
    "texts by set": (grow("'xxxx'", "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}"), OUTPUT),
    "texts by replace": (grow("'xxxx'", "{% set ns.x = ns.x | replace('x', ns.x) %}"), OUTPUT),
    "lists by +": (grow("[1]", "{% set ns.x = ns.x + ns.x %}"), LIST),
    "lists in lists": (grow("[1]", "{% set ns.x = [ns.x, ns.x] %}"), LIST),
    "a long separator": ("{{ range(1000) | join('" + "y" * 1000 + "') }}", OUTPUT),
    "plain text in a loop": ("{% for a in range(1000) %}" + "y" * 2000 + "{% endfor %}", OUTPUT),
    "an included file in a loop": (
        "{% for a in range(900) %}{% set x %}{% include 'long.j2' %}{% endset %}{% endfor %}",
        OUTPUT,
    ),
    "a long text": ("x" * 30_000, OUTPUT),
    "powers": ("{{ 9 ** 9 ** 9 }}", NUMBER),
    "powers of fractions": ("{{ 2.5 ** 60 }}", NUMBER),
    "products": ("{{ 99999999 * 99999999 }}", NUMBER),
    "roots of less than nothing": ("{{ (-8) ** 0.5 }}", FORBIDDEN),
    "infinity": ("{{ 'inf' | float }}", NUMBER),
    "rounding": ("{{ 1.5 | round(1000000000) }}", NUMBER),
    "a long range": ("{{ range(10000000000) | length }}", LIST),
    "a range backwards": ("{{ range(0, -10000000000, -1) | last }}", LIST),
    "a long literal": ("{{ [" + "1," * 3000 + "] | length }}", LIST),
    "a longer literal": ("{{ [" + "1," * 30_000 + "] | length }}", "template_too_many_parts"),
    "many comparisons": ("{{ 1" + "==1" * 20_000 + " }}", "template_too_many_parts"),
    "many statements": ("{% set a=1 %}" * 5_000, "template_too_many_parts"),
    "text times a number": ("{{ 'x' * 1000000000 }}", FAILED),
    "a number times a list": ("{{ 1000000000 * [1] }}", FAILED),
    "text by %": ("{{ '%1000000000d' % 1 }}", FAILED),
    "sum of lists": ("{{ [[1], [2]] | sum(start=[]) }}", FAILED),
    "center": ("{{ 'x' | center(1000000000) }}", FILTER),
    "indent": ("{{ 'x' | indent(1000000000) }}", FILTER),
    "format filter": ("{{ '%1000000000d' | format(1) }}", FILTER),
    "batch": ("{{ [1] | batch(1000000000, 'x') }}", FILTER),
    "format method": ("{{ '{:>1000000000}'.format(1) }}", FIELD),
    "ljust": ("{{ 'x'.ljust(1000000000) }}", FIELD),
    "expandtabs": ("{{ 'x'.expandtabs(1000000000) }}", FIELD),
}

DEPTH = {
    "parentheses": ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", DEEP),
    "brackets": ("{{ " + "[" * 20_000 + "1" + "]" * 20_000 + " }}", DEEP),
    "signs": ("{{ " + "-" * 30_000 + "1 }}", DEEP),
    "sums": ("{{ " + "1+" * 10_000 + "1 }}", DEEP),
    "filters": ("{{ 1" + "|abs" * 5_000 + " }}", DEEP),
    "fields": ("{{ subject" + ".a" * 5_000 + " }}", DEEP),
    "loops": ("{% for i in [1] %}" * 30 + "{% endfor %}" * 30, DEEP),
    "conditions": ("{% if 1 %}" * 3_000 + "{% endif %}" * 3_000, DEEP),
    "openings": ("{{" * 30_000, DEEP),
    "a macro calls itself": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", DEEP),
    "macros call one another": (
        "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}",
        DEEP,
    ),
    "an imported macro": ("{% import 'macro.j2' as m %}{{ m.f(1) }}", DEEP),
    "a caller": (
        "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}"
        + "{{ g() }}",
        DEEP,
    ),
    "a block": ("{% block a %}{{ self.a() }}{% endblock %}", DEEP),
    "a recursive loop": ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", FORBIDDEN),
    "a file includes itself": ("{% include 'self.j2' %}", "template_include_cycle"),
    "files inside files": ("{% include 'deep0.j2' %}", "template_include_too_deep"),
    "a long number": ("{{ " + "9" * 60_000 + " }}", "template_syntax"),
    "a long source": ("x" * 70_000, "template_source_too_long"),
}

ESCAPES = {
    "classes": ("{{ ''.__class__.__mro__ }}", FIELD),
    "classes by item": ("{{ ''['__class__'] }}", FIELD),
    "classes by filter": ("{{ '' | attr('__class__') }}", FILTER),
    "classes by map": ("{{ ['a'] | map(attribute='__class__') | join }}", FIELD),
    "classes by selectattr": ("{{ ['a'] | selectattr('__class__') | list }}", FIELD),
    "format_map": ("{{ '{a.__class__}'.format_map({'a': 1}) }}", FIELD),
    "globals of a function": ("{{ range.__call__.__globals__ }}", FIELD),
    "a namespace's insides": ("{{ namespace(a=1)._Namespace__attrs }}", FIELD),
    "a loop's insides": ("{% for i in [1] %}{{ loop._iterable }}{% endfor %}", FIELD),
    "a macro's insides": ("{% macro f() %}{% endmacro %}{{ f._func }}", FIELD),
    "a template's insides": ("{{ self._TemplateReference__context }}", FIELD),
    "an imported module's insides": ("{% import 'macro.j2' as m %}{{ m.__dict__ }}", FIELD),
    "a list that grows": ("{{ [].append(1) }}", FIELD),
    "a mapping that grows": ("{{ subject.update({'a': 1}) }}", FIELD),
    "bytes": ("{{ 'a'.encode() }}", FIELD),
    "a call of what is no function": ("{{ subject() }}", FORBIDDEN),
    "helpers of Jinja's": ("{{ lipsum(100000) }}", "template_name"),
    "cyclers": ("{{ cycler(1, 2) }}", "template_name"),
    "JSON": ("{{ subject | tojson }}", FILTER),
    "a file above": ("{% include '../../etc/passwd' %}", "file_outside"),
    "an absolute file": ("{% include '/etc/passwd' %}", "file_outside"),
    "a link that leads out": ("{% include 'link.j2' %}", "file_outside"),
    "a device": ("{% include 'folder' %}", "file_not_regular"),
    "a file name that is computed": ("{% set f = 'self.j2' %}{% include f %}", FORBIDDEN),
    "a list of file names": ("{% include ['self.j2', 'long.j2'] %}", FORBIDDEN),
    "statements": ("{% do 1 %}", "template_syntax"),
}

ATTACKS = {
    **{name: (text, ENDLESS) for name, text in ENDLESS_WORK.items()},
    **{f"growing {name}": pair for name, pair in GROWTH.items()},
    **{f"deep {name}": pair for name, pair in DEPTH.items()},
    **{f"escaping by {name}": pair for name, pair in ESCAPES.items()},
}


def prepare(folder: Path) -> TemplateEngine:
    project = folder / "project"
    (project / "folder").mkdir(parents=True)
    (folder / "secret.txt").write_text("secret")
    (project / "link.j2").symlink_to(folder / "secret.txt")
    (project / "self.j2").write_text("{% include 'self.j2' %}")
    (project / "long.j2").write_text("x" * 15_000)
    (project / "macro.j2").write_text("{% macro f(n) %}{{ f(n) }}{% endmacro %}")
    for level in range(10):
        (project / f"deep{level}.j2").write_text(f"{{% include 'deep{level + 1}.j2' %}}")
    for level in range(6):
        (project / f"wide{level}.j2").write_text(f"{{% include 'wide{level + 1}.j2' %}}" * 40 if level < 5 else "x")
    return TemplateEngine(RecipeFiles(project))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> TemplateEngine:
    return prepare(tmp_path_factory.mktemp("attacks"))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_a_fault(engine: TemplateEngine, name: str) -> None:
    text, kind = ATTACKS[name]
    begun = time.process_time()
    with pytest.raises(TemplateFault) as caught:
        engine.compile(text).render({"subject": {"noun": "woman"}})
    assert time.process_time() - begun < 10  # an attack that works takes minutes
    assert caught.value.kind == kind
    assert 0 <= caught.value.offset <= len(text)


@pytest.mark.parametrize("name", ATTACKS)
def test_checking_an_attack_ends(engine: TemplateEngine, name: str) -> None:
    text, _ = ATTACKS[name]
    begun = time.process_time()
    engine.check(text, {"subject": {"noun": None}})
    assert time.process_time() - begun < 10  # an attack that works takes minutes


def test_attacks_need_little_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.recipe.templates.test_attacks", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert int(run.stdout) < 200 * 1024 * 1024


def main(folder: Path) -> None:
    engine = prepare(folder)
    for text in [*ENDLESS_WORK.values(), *(text for text, _ in GROWTH.values())]:
        try:
            engine.compile(text).render({})
        except TemplateFault:
            continue
    # Not getrusage: its peak is inherited from the process that forked this one.
    status = Path("/proc/self/status").read_text("ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    sys.stdout.write(str(int(peak.split()[1]) * 1024))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
