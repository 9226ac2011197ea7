"""What a stage does: exactly one thing, said by its verb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nano_banana.core.json import JSONObject, as_items
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.document import Document
from nano_banana.recipe.mistake import Mistake
from nano_banana.recipe.model import Where
from nano_banana.recipe.shown import owner
from nano_banana.stages.registry import KINDS


def several_verbs(document: Document) -> Mapping[Where, Problem]:
    """The stages that do more than one thing, by path."""
    found: dict[Where, Problem] = {}
    for at, entry in enumerate(_entries(document)):
        verbs = [name for name in entry if name in KINDS]
        if len(verbs) > 1:
            path: Where = ("stages", at)
            data: JSONObject = {"owner": owner(document, path), "first": verbs[0], "second": verbs[1]}
            found[path] = Problem(kind="two_verbs", place=document.key_place((*path, verbs[1])), data=data)
    return found


def _entries(document: Document) -> Iterator[JSONObject]:
    stages = document.data.get("stages")
    for entry in stages if isinstance(stages, list) else ():
        yield entry if isinstance(entry, Mapping) else {}


def no_verb(document: Document, mistake: Mistake) -> Iterator[Problem]:
    """A stage that says nothing of what it does: the verb is misspelled, is none of ours, or is not there."""
    path, entry = mistake.path, mistake.value
    known = {"id", *(name for kind in KINDS.values() for name in kind.params)}
    strangers = [name for name in entry if name not in known] if isinstance(entry, Mapping) else []
    where = owner(document, path)
    slips = [name for name in strangers if did_you_mean(name, known - KINDS.keys())]
    # The first stranger is taken for the verb: what follows is of a kind that we don't know.
    verb = [name for name in strangers if name not in slips][:1]
    for name in [*verb, *slips]:
        near = did_you_mean(name, KINDS) or did_you_mean(name, known)
        yield Problem(
            kind="unknown_verb",
            place=document.key_place((*path, name)),
            data={"name": name, "owner": where, "known": ", ".join(KINDS)},
            suggestions=near,
        )
    if not verb:
        names = ", ".join(str(as_items(inner.limit)[0]) for inner in mistake.inner)
        yield Problem(kind="no_verb", place=document.nearest(path), data={"owner": where, "names": names})
