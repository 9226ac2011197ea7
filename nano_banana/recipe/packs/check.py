"""The prompts of a pack against what they may name."""

from __future__ import annotations

from nano_banana.core.problem import Problem
from nano_banana.recipe.packs.pack import CROP, SUBJECT, Pack, PackTemplate
from nano_banana.recipe.templates.fault import TemplateFault


def faults_of(pack: Pack, template: PackTemplate) -> list[Problem]:
    """Everything wrong with a template's prompt, without rendering it, each at its place in the pack."""
    names = {"subject": SUBJECT, **template.names}
    return [fault.problem(pack.place(template, fault)) for fault in pack.engine.check(template.text, names)]


def idle_in(pack: Pack, template: PackTemplate) -> list[str]:
    """The variables that change nothing: no prompt reads them. Of a template with sizes, `crop` picks one."""
    try:
        uses = pack.engine.compile(template.text).uses
    except TemplateFault:
        return []
    names = [name for name in template.variables if name not in uses]
    return [name for name in names if not (name == CROP and template.sizes)]
