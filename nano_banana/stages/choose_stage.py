"""The choose stage: the best of a collection, and a person's picks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from nano_banana.formats.struct_schema import Section, described
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import as_items
from nano_banana.model.nodes import NodeInfo
from nano_banana.recipe.naming import Names
from nano_banana.recipe.picks import KeepRule, keep_rule
from nano_banana.recipe.recipe_model import Stage
from nano_banana.stages.stage_kind import ChoiceCandidate, StageCheck, StageEntry, StageKind, StageParameters


class KeepSection(Section, frozen=True):
    """How many, of what."""

    best: Annotated[int, Meta(ge=1, le=10_000), described("So many of each.")]
    per: Annotated[Names, described("Of each combination of these: `shot`, `subject`, and axes.")] = ("shot", "subject")


class ChooseParameters(StageParameters, frozen=True, kw_only=True):
    """Keeps the best takes of a collection; `picks.yaml` beside the recipe overrides it."""

    choose: Annotated[Names, described("The collection, for example `judged.accepted`.")]
    keep: KeepSection


class ChooseStage(StageKind):
    """Lets the best takes go on."""

    verb = "choose"
    parameters = ChooseParameters
    example = """\
stages:
  - id: picks
    choose: judged.accepted
    keep: {best: 2, per: [subject, scene]}
"""
    changes_pixels = False
    chooses = True

    def read(self, entry: StageEntry) -> Stage:
        """Also what to keep. Picks are added when all stages are read."""
        stage = super().read(entry)
        keep = stage.parameters(ChooseParameters).keep
        return replace(
            stage, rules=KeepRule(best=keep.best, per=(keep.per,) if isinstance(keep.per, str) else keep.per)
        )

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Note axes that the takes lack; warn if no gate has judged them, so that none is better."""
        rule, said = keep_rule(stage), stage.parameters(ChooseParameters)
        # If a collection is misspelled, which is a problem of its own, its takes aren't known.
        if rule is None or len(stage.sources) < len(as_items(said.choose)):
            return
        axes = dict.fromkeys(["shot", "subject", *(axis for shot in check.shots for axis in shot.matrix)])
        where = (*stage.where, "keep", "per")
        for at, name in enumerate(rule.per):
            check.context.known("axis", name, axes, where if isinstance(said.keep.per, str) else (*where, at))
        if not any(check.kind(other).judges for other in check.before(stage)):
            check.context.warn("choice_unjudged", (*stage.where, "choose"), stage=stage.id)

    def choose(self, stage: Stage, candidates: Iterable[ChoiceCandidate]) -> frozenset[str]:
        """The best, by the verdicts of the last gate."""
        rule = keep_rule(stage)
        return frozenset() if rule is None else choose_best(candidates, rule)


def choose_best(candidates: Iterable[ChoiceCandidate], keep: KeepRule) -> frozenset[str]:
    """The ids of the takes that go on.

    Of each combination: first those that a person keeps, then the likeliest while there is room, and none that a
    person drops. Of two alike, the one whose name comes first goes on, so one more take changes nothing but its own
    place. A take that goes on by several paths is one candidate with several ids.
    """
    combinations: dict[tuple[str, ...], dict[tuple[str, str], list[ChoiceCandidate]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for candidate in candidates:
        if candidate.decision != "drop":
            takes = combinations[_combination(candidate.end.info, keep.per)]
            takes[candidate.name, candidate.path].append(candidate)
    chosen: set[str] = set()
    for takes in combinations.values():
        kept = [key for key, found in takes.items() if any(one.decision == "keep" for one in found)]
        others = sorted((key for key in takes if key not in kept), key=lambda key: (_rank(takes[key][0]), key))
        best = others[: max(0, keep.best - len(kept))]
        chosen |= {one.end.id for key in (*kept, *best) for one in takes[key]}
    return frozenset(chosen)


def _rank(candidate: ChoiceCandidate) -> tuple[int, float]:
    """Accepted before unsure, then by likeness; takes that no gate judged come between.

    A verdict that is only imagined comes first, as it may turn out best: so a forecast counts the cost of going on.
    """
    order = {
        Ruling.IMAGINED: -1,
        Ruling.ACCEPTED: 0,
        Ruling.NOT_JUDGED: 1,
        None: 1,
        Ruling.UNSURE: 2,
        Ruling.REJECTED: 3,
    }
    return order[candidate.ruling], 0.0 if candidate.score is None else -candidate.score


def _combination(card: NodeInfo, per: Collection[str]) -> tuple[str, ...]:
    values = {**card.axes, "shot": card.shot, "subject": "+".join(card.cast)}
    return tuple(values.get(name, "") for name in per)
