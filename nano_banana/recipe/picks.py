"""What people decided in `picks.yaml`, added to a recipe's stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.problem import Invalid, Position, Problem, did_you_mean, problem
from nano_banana.recipe.document import Document
from nano_banana.recipe.picks_file import PICKS_FILE, StagePicks, picks_in, read_picks_file
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.resolve_context import ResolveContext


class KeepRule(Struct, frozen=True, kw_only=True):
    """What a choose stage keeps: the `best` of each combination of `per`."""

    best: int
    per: tuple[str, ...]


def keep_rule(stage: Stage) -> KeepRule | None:
    """What a stage keeps, if it is one that chooses."""
    return stage.rules if isinstance(stage.rules, KeepRule) else None


_OTHER_FILE = "picks.yml"


def with_picks(reading: ResolveContext, stages: list[Stage], named: Sequence[str]) -> list[Stage]:
    """The stages with people's decisions; `named` are those whose takes they may be about.

    The file is seen even if it isn't there, so that a later run knows that somebody wrote it.
    """
    shown = Path(reading.document.texts.shown).parent
    try:
        document = read_picks_file(reading.files, str(shown / PICKS_FILE)) if named else None
    except Invalid as error:
        for found in error.problems:
            reading.add(found)
        return stages
    if named and document is None and not reading.files.exists(PICKS_FILE) and reading.files.exists(_OTHER_FILE):
        at = Position(file=str(shown / _OTHER_FILE), line=1, column=1)
        reading.add(Problem(kind="picks_yml", position=at, warning=True))
    picks = picks_in(document)
    chooses = any(keep_rule(stage) is not None for stage in stages)
    for found in _pick_problems(document, picks, named, chooses=chooses) if document else ():
        reading.add(found)
    return [replace(stage, decisions=picks[stage.id].decisions) if stage.id in picks else stage for stage in stages]


def _pick_problems(
    document: Document, picks: Mapping[str, StagePicks], named: Sequence[str], *, chooses: bool
) -> list[Problem]:
    """Stages that have no takes, and takes that are kept and dropped at once.

    An unknown stage is fine in a recipe without a choose stage: the file may be about another recipe of the folder.
    """
    problems = []
    for stage, said in picks.items():
        if stage not in named:
            near, place = did_you_mean(stage, named), document.key_place(("picks", stage))
            data = {"what": "stage", "name": stage, "known": ", ".join(named)}
            unknown = problem("unknown_reference", position=place, suggestions=near, **data)
            problems += [replace(unknown, warning=not chooses)] if chooses or near else []
            continue
        kept = frozenset(said.keep)
        problems += [
            problem("kept_and_dropped", position=document.place(("picks", stage, "drop", at)), name=take)
            for at, take in enumerate(said.drop)
            if take in kept
        ]
    return problems
