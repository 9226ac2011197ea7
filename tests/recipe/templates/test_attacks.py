"""Templates that mean harm: each ends in a clear fault, at once, in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.template_engine import TemplateEngine
from nano_banana.recipe.template_syntax import TemplateFault
from tests.cpu_budget import cpu_budget

OUTPUT = "template_output_too_long"
PARTS = "template_too_many_parts"
DEEP = "template_too_deep"
FIELD = "template_field"
FAILED = "template_failed"
FILTER = "template_filter"
FORBIDDEN = "template_forbidden"
NAME = "template_name"

GROWTH = {
    "a loop": ("{% for a in cast %}x{% endfor %}", FORBIDDEN),
    "a recursive loop": ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", FORBIDDEN),
    "a macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", FORBIDDEN),
    "an imported macro": ("{% import 'macro.j2' as m %}{{ m.f(1) }}", FORBIDDEN),
    "a block": ("{% block a %}{{ self.a() }}{% endblock %}", FORBIDDEN),
    "texts by ~": ("{% set x = 'x' %}{% set x = x ~ x %}", FORBIDDEN),
    "powers": ("{{ 9 ** 9 ** 9 }}", FORBIDDEN),
    "text times a number": ("{{ 'x' * 1000000000 }}", FORBIDDEN),
    "text by %": ("{{ '%1000000000d' % 1 }}", FORBIDDEN),
    "a range": ("{{ range(10000000000) | length }}", FORBIDDEN),
    "infinity": ("{{ 1e400 }}", FORBIDDEN),
    "includes in includes": ("{% include 'wide0.j2' %}", PARTS),
    "long files": ("{% include 'long.j2' %}" * 100, OUTPUT),
    "texts by replace": ("{{ 'xxxx'" + " | replace('x', 'xxxxxxxx')" * 40 + " }}", OUTPUT),
    "a long separator": ("{{ [" + "1," * 1000 + "] | join('" + "y" * 1000 + "') }}", OUTPUT),
    "a long text": ("x" * 30_000, OUTPUT),
    "rounding": ("{{ 1.5 | round(1000000000) }}", FAILED),
    "a longer literal": ("{{ [" + "1," * 30_000 + "] | length }}", PARTS),
    "many comparisons": ("{{ 1" + "==1" * 20_000 + " }}", PARTS),
    "many conditions": ("{% if 1 %}{% endif %}" * 3_000, PARTS),
    "center": ("{{ 'x' | center(1000000000) }}", FILTER),
    "indent": ("{{ 'x' | indent(1000000000) }}", FILTER),
    "format filter": ("{{ '%1000000000d' | format(1) }}", FILTER),
    "batch": ("{{ [1] | batch(1000000000, 'x') }}", FILTER),
    "format method": ("{{ '{:>1000000000}'.format(1) }}", FORBIDDEN),
}

DEPTH = {
    "parentheses": ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", DEEP),
    "brackets": ("{{ " + "[" * 20_000 + "1" + "]" * 20_000 + " }}", DEEP),
    "signs": ("{{ " + "-" * 30_000 + "1 }}", DEEP),
    "filters": ("{{ 1" + "|upper" * 5_000 + " }}", DEEP),
    "fields": ("{{ subject" + ".a" * 5_000 + " }}", DEEP),
    "conditions": ("{% if 1 %}" * 3_000 + "{% endif %}" * 3_000, DEEP),
    "openings": ("{{" * 30_000, DEEP),
    "a file includes itself": ("{% include 'self.j2' %}", "template_include_cycle"),
    "files inside files": ("{% include 'deep0.j2' %}", "template_include_too_deep"),
    "a long number": ("{{ " + "9" * 60_000 + " }}", "template_syntax"),
    "a long source": ("x" * 70_000, "template_source_too_long"),
}

ESCAPES = {
    "classes": ("{{ ''.__class__.__mro__ }}", FIELD),
    "classes by item": ("{{ ''['__class__'] }}", FIELD),
    "classes by filter": ("{{ '' | attr('__class__') }}", FILTER),
    "classes by map": ("{{ ['a'] | map(attribute='__class__') | join }}", FILTER),
    "classes by join": ("{{ ['a'] | join(attribute='__class__') }}", FIELD),
    "format_map": ("{{ '{a.__class__}'.format_map({'a': 1}) }}", FORBIDDEN),
    "globals of a function": ("{{ range.__call__.__globals__ }}", NAME),
    "a template's insides": ("{{ self._TemplateReference__context }}", NAME),
    "a list that grows": ("{{ [].append(1) }}", FORBIDDEN),
    "a mapping that grows": ("{{ subject.update({'a': 1}) }}", FORBIDDEN),
    "a method": ("{{ subject.update }}", FIELD),
    "a call of what is no function": ("{{ subject() }}", FORBIDDEN),
    "helpers of Jinja's": ("{{ lipsum }}", NAME),
    "JSON": ("{{ subject | tojson }}", FILTER),
    "a file above": ("{% include '../../etc/passwd' %}", "file_outside"),
    "an absolute file": ("{% include '/etc/passwd' %}", "file_outside"),
    "a link that leads out": ("{% include 'link.j2' %}", "file_outside"),
    "a device": ("{% include 'folder' %}", "file_not_regular"),
    "a file name that is computed": ("{% include subject.noun %}", FORBIDDEN),
    "a list of file names": ("{% include ['self.j2', 'long.j2'] %}", FORBIDDEN),
    "statements": ("{% do 1 %}", "template_syntax"),
}

ATTACKS = {
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
        (project / f"deep{level}.j2").write_text(f"{{% include 'deep{level + 1}.j2' %}}" if level < 9 else "x")
        after = f"{{% include 'steep{level + 1}.j2' %}}" if level < 7 else "x"
        (project / f"steep{level}.j2").write_text("{% if 1 %}" * 45 + after + "{% endif %}" * 45)
    for level in range(6):
        (project / f"wide{level}.j2").write_text(f"{{% include 'wide{level + 1}.j2' %}}" * 40 if level < 5 else "x")
    return TemplateEngine(RecipeFiles(project))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> TemplateEngine:
    return prepare(tmp_path_factory.mktemp("attacks"))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_a_fault(engine: TemplateEngine, name: str) -> None:
    text, kind = ATTACKS[name]
    with cpu_budget(500), pytest.raises(TemplateFault) as caught:  # one that works takes minutes, which are thousands
        engine.compile(text).render({"subject": {"noun": "woman"}})
    assert caught.value.kind == kind
    assert 0 <= caught.value.offset <= len(caught.value.file.read_text() if caught.value.file else text)


def test_deep_conditions_in_deep_files_are_fine(engine: TemplateEngine) -> None:
    assert engine.compile("{% include 'steep0.j2' %}").render({}) == "x"


def test_files_that_were_read_before_count(engine: TemplateEngine) -> None:
    for level in (9, 5, 1):
        engine.check(f"{{% include 'deep{level}.j2' %}}", {})
    assert [fault.kind for fault in engine.check("{% include 'deep0.j2' %}", {})] == ["template_include_too_deep"]


@pytest.mark.parametrize("name", ATTACKS)
def test_checking_an_attack_ends(engine: TemplateEngine, name: str) -> None:
    text, _ = ATTACKS[name]
    with cpu_budget(500):
        engine.check(text, {"subject": {"noun": None}})


def test_attacks_need_little_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.recipe.templates.test_attacks", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert int(run.stdout) < 200 * 1024 * 1024


def main(folder: Path) -> None:
    engine = prepare(folder)
    for text, _ in GROWTH.values():
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
