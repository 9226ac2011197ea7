"""Packs put to the test: every prompt rendered, every picture planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Problem
from nano_banana.project.acceptance import Counts
from nano_banana.project.packs.cases import Fault, cases_of, faults_in
from nano_banana.project.packs.library import Found
from nano_banana.project.packs.trial import Planned, Sitter, plan_trial, run_trial
from nano_banana.recipe.packs.pack import Pack, PackTemplate
from nano_banana.settings import Settings
from nano_banana.workshop.order import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedTemplate:
    """A template: how many prompts it was rendered to, what is wrong, what it would ask for, what a gate said."""

    template: PackTemplate
    cases: int
    faults: Sequence[Fault]
    planned: Sequence[Planned] = ()
    accepted: Counts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedPack:
    """A pack and its templates; `problems` are of the whole: it can't be read, or an endpoint refuses its settings."""

    name: str
    pack: Pack | None
    templates: Sequence[TestedTemplate] = ()
    problems: Sequence[Problem] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems and not any(tested.faults for tested in self.templates)


def test_pack(found: Found, root: Path, settings: Settings, environ: Mapping[str, str]) -> TestedPack:
    """Render every template with every choice, and plan one picture for each crop. Makes no call."""
    pack = found.pack
    if pack is None:
        return TestedPack(name=found.place.name, pack=None, problems=found.problems)
    tested = [
        TestedTemplate(template=template, cases=len(cases_of(template)), faults=faults_in(pack, template))
        for template in pack.templates.values()
    ]
    whole = TestedPack(name=pack.name, pack=pack, templates=tested)
    if not whole.good:
        return whole
    try:
        planned = plan_trial(pack, root, settings, environ)
    except Invalid as error:
        # What is odd about the people of the trial says nothing of the pack.
        return replace(whole, problems=tuple(problem for problem in error.problems if not problem.warning))
    return replace(whole, templates=[replace(each, planned=planned[each.template.name]) for each in tested])


def run_packs(
    tested: Sequence[TestedPack],
    sitter: Sitter,
    root: Path,
    settings: Settings,
    environ: Mapping[str, str],
    watch: Watcher,
) -> tuple[list[TestedPack], Outcome | None]:
    """A picture by each template of the packs that are good, on this machine: what the gate said, and how it went."""
    chosen = [(whole.pack, each.template) for whole in tested if whole.pack and whole.good for each in whole.templates]
    if not chosen:
        return list(tested), None
    tried = run_trial(chosen, sitter, root, settings, environ, watch)
    return [_judged(whole, tried.accepted) for whole in tested], tried.outcome


def _judged(whole: TestedPack, accepted: Mapping[str, Counts]) -> TestedPack:
    templates: Iterable[TestedTemplate] = (
        replace(each, accepted=accepted.get(f"{whole.name}/{each.template.name}")) for each in whole.templates
    )
    return replace(whole, templates=list(templates))
