"""A person's word on what is chosen: `picks.yaml` beside the recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, as_items, as_object, as_text
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.recipe.composer import compose
from nano_banana.recipe.document import Document, Texts
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.located import plain
from nano_banana.recipe.source import Source
from nano_banana.recipe.validate import check_shape

PICKS = "picks.yaml"
_OTHER = "picks.yml"

_TAKES: JSONObject = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "uniqueItems": True,
    "default": [],
}

PICKS_SCHEMA: JSONObject = {
    "type": "object",
    "properties": {
        "picks": {
            "type": "object",
            "description": "A person's word, by the choose stage that it is for.",
            "additionalProperties": {
                "type": "object",
                "description": "What the choose stage of this id keeps and drops: `picks: {STAGE: {keep: [TAKE]}}`.",
                "properties": {
                    "keep": {**_TAKES, "description": "Takes that are kept: their ids, or globs of them."},
                    "drop": {**_TAKES, "description": "Takes that are dropped: their ids, or globs of them."},
                },
                "additionalProperties": False,
            },
        }
    },
    "required": ["picks"],
    "additionalProperties": False,
}
"""What the file may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
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
        if not stages or not files.exists(PICKS):
            other = str(Path(recipe).parent / _OTHER)
            at = Place(file=other, line=1, column=1)
            odd = [Problem(kind="picks_yml", place=at, warning=True)] if stages and files.exists(_OTHER) else []
            return Picks(kept={}, dropped={}, problems=odd)
        document, problems = _read(files, str(Path(recipe).parent / PICKS))
    except Invalid as error:
        return Picks(kept={}, dropped={}, problems=error.problems)
    if document is None or problems:
        return Picks(kept={}, dropped={}, problems=problems)
    said = as_object(document.data["picks"])
    return Picks(
        kept={stage: _takes(pick, "keep") for stage, pick in said.items()},
        dropped={stage: _takes(pick, "drop") for stage, pick in said.items()},
        problems=[problem for stage in said for problem in _wrong(document, stage, stages)],
    )


def _read(files: RecipeFiles, shown: str) -> tuple[Document | None, Sequence[Problem]]:
    """The file, and what is wrong with its shape; an empty one says nothing."""
    source = Source(file=shown, text=files.read_text(PICKS))
    composed = compose(source)
    top = composed.top
    if top is None or composed.problems:
        return None, composed.problems
    if top.entries is None:
        empty = top.value is None and top.items is None
        return None, [] if empty else [trouble("picks_not_mapping", place=top.span.place)]
    texts = Texts(shown=shown, files=files, sources={shown: source})
    document = Document(data=as_object(plain(top)), env_read=frozenset(), tree=top, texts=texts, whole=f"`{PICKS}`")
    return document, check_shape(document, PICKS_SCHEMA).problems


def _takes(pick: object, word: str) -> frozenset[str]:
    data = pick if isinstance(pick, Mapping) else {}
    return frozenset(as_text(take) for take in as_items(data.get(word)))


def _wrong(document: Document, stage: str, stages: Sequence[str]) -> list[Problem]:
    """A stage that chooses nothing, and takes that are kept and dropped at once."""
    if stage not in stages:
        near, place = did_you_mean(stage, stages), document.key_place(("picks", stage))
        return [_unknown(stage, stages, near, place)]
    pick = as_object(as_object(document.data["picks"])[stage])
    keep = {as_text(take) for take in as_items(pick.get("keep"))}
    both = [(at, as_text(take)) for at, take in enumerate(as_items(pick.get("drop"))) if take in keep]
    return [
        trouble("kept_and_dropped", place=document.place(("picks", stage, "drop", at)), name=take) for at, take in both
    ]


def _unknown(stage: str, stages: Sequence[str], near: tuple[str, ...], place: Place) -> Problem:
    data = {"what": "choose stage", "name": stage, "known": ", ".join(stages)}
    return Problem(kind="unknown_reference", place=place, data=data, suggestions=near)
