"""What `choose` stages keep, and a person's decisions in `picks.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.struct_schema import Section, decode_section, described, section_schema
from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem
from nano_banana.recipe.document import Document, read_yaml_file
from nano_banana.recipe.naming import UNIQUE, Text
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.resolve_context import ResolveContext
from nano_banana.recipe.validate import check_shape


class KeepRule(Struct, frozen=True, kw_only=True):
    """Keep the `best` of each combination of `per`; `kept` and `dropped` are a person's picks, by takes' ids."""

    best: int
    per: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def keeps(self, *names: str) -> bool:
        """Whether a person kept the take with one of these names."""
        return _matches_any(names, self.kept)

    def drops(self, *names: str) -> bool:
        """Whether a person dropped it."""
        return _matches_any(names, self.dropped)


def _matches_any(names: Collection[str], globs: Collection[str]) -> bool:
    return any(name == glob or fnmatchcase(name, glob) for name in names for glob in globs)


def keep_rule(stage: Stage) -> KeepRule | None:
    """What a stage keeps, if it is one that chooses."""
    return stage.rules if isinstance(stage.rules, KeepRule) else None


PICKS_FILE = "picks.yaml"
_OTHER_FILE = "picks.yml"


class StagePicks(Section, frozen=True):
    """What the choose stage of this id keeps and drops: `picks: {STAGE: {keep: [TAKE]}}`."""

    keep: Annotated[tuple[Text, ...], UNIQUE, described("Takes that are kept: their ids, or globs of them.")] = ()
    drop: Annotated[tuple[Text, ...], UNIQUE, described("Takes that are dropped: their ids, or globs of them.")] = ()


class PicksSection(Section, frozen=True):
    """What `picks.yaml` may say."""

    picks: Annotated[dict[str, StagePicks], described("A person's word, by the choose stage that it is for.")]


class Picks(Struct, frozen=True, kw_only=True):
    """Ids or globs of takes by choose stage: those that are kept, and those that are dropped."""

    kept: Mapping[str, frozenset[str]]
    dropped: Mapping[str, frozenset[str]]
    problems: Sequence[Problem] = ()


def read_picks(files: RecipeFiles, recipe: str, stages: Sequence[str]) -> Picks:
    """What the file says of the choose `stages`; nothing where there is no file, or no such stage.

    `recipe` is the recipe's name in places. The file is seen even where it is not there, so that a later run knows
    that somebody wrote it.
    """
    try:
        if not stages or not files.exists(PICKS_FILE):
            other = str(Path(recipe).parent / _OTHER_FILE)
            at = Position(file=other, line=1, column=1)
            odd = [Problem(kind="picks_yml", position=at, warning=True)] if stages and files.exists(_OTHER_FILE) else []
            return Picks(kept={}, dropped={}, problems=odd)
        shown = str(Path(recipe).parent / PICKS_FILE)
        document = read_yaml_file(
            files, PICKS_FILE, shown=shown, phrase=f"`{PICKS_FILE}`", otherwise="picks_not_mapping"
        )
    except Invalid as error:
        return Picks(kept={}, dropped={}, problems=error.problems)
    problems = check_shape(document, section_schema(PicksSection)).problems if document else ()
    if document is None or problems:
        return Picks(kept={}, dropped={}, problems=problems)
    said = decode_section(document.data, PicksSection).picks
    return Picks(
        kept={stage: frozenset(pick.keep) for stage, pick in said.items()},
        dropped={stage: frozenset(pick.drop) for stage, pick in said.items()},
        problems=[found for stage, pick in said.items() for found in _pick_problems(document, stage, pick, stages)],
    )


def _pick_problems(document: Document, stage: str, pick: StagePicks, stages: Sequence[str]) -> list[Problem]:
    """A stage that chooses nothing, and takes that are kept and dropped at once."""
    if stage not in stages:
        near, place, known = did_you_mean(stage, stages), document.key_place(("picks", stage)), ", ".join(stages)
        data = {"what": "choose stage", "name": stage, "known": known}
        return [problem("unknown_reference", position=place, suggestions=near, **data)]
    return [
        problem("kept_and_dropped", position=document.place(("picks", stage, "drop", at)), name=take)
        for at, take in enumerate(pick.drop)
        if take in pick.keep
    ]


def with_picks(reading: ResolveContext, stages: list[Stage]) -> list[Stage]:
    """The stages; those that choose with what `picks.yaml` keeps and drops."""
    choosing = [stage.id for stage in stages if keep_rule(stage) is not None]
    picks = read_picks(reading.files, reading.document.texts.shown, choosing)
    for each in picks.problems:
        reading.add(each)
    return [_picked(stage, picks) for stage in stages]


def _picked(stage: Stage, picks: Picks) -> Stage:
    rule = keep_rule(stage)
    if rule is None:
        return stage
    kept, dropped = (of.get(stage.id, frozenset()) for of in (picks.kept, picks.dropped))
    return replace(stage, rules=replace(rule, kept=kept, dropped=dropped))
