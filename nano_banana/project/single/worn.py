"""An adapter that a single command draws with: from the shelf or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.home import expanded
from nano_banana.recipe.offered import nothing_on_shelf
from nano_banana.recipe.slug import slug
from nano_banana.shelf.shelf import Shelf

SCALE, BESIDE = 0.95, 0.3
"""Of a person, and of a style beside one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """An adapter under a name of the recipe's: a version on the shelf (`model`), or a `file`.

    `base` is the model family, empty where nobody knows; of a file nothing is known.
    """

    name: str
    scale: float
    model: str = ""
    file: Path | None = None
    base: str = ""
    subject: str = ""
    trigger: str = ""
    noun: str = ""


def models_of(store: Path, references: Sequence[str], scales: Sequence[float]) -> list[Worn]:
    """Each adapter that is asked for, with its scale; what has none gets the usual one.

    Raises Invalid for what is neither on the shelf nor a file, for one that is named twice, and for scales that no
    adapter is left for.
    """
    if len(scales) > len(references):
        raise Invalid([trouble("too_many_scales", scales=len(scales), models=len(references))])
    found: list[Worn] = []
    for at, reference in enumerate(references):
        scale = scales[at] if at < len(scales) else BESIDE if at else SCALE
        worn = _worn(store, reference, scale)
        if any((other.model, other.file) == (worn.model, worn.file) for other in found):
            raise Invalid([trouble("model_twice", model=reference)])
        found.append(replace(worn, name=_free(worn.name, [other.name for other in found])))
    return found


def _worn(store: Path, reference: str, scale: float) -> Worn:
    path = expanded(reference)
    if path.suffix.casefold() == ".safetensors":
        if not path.is_file():
            raise Invalid([trouble("no_such_model_file", path=reference)])
        return Worn(name=slug(path.stem), scale=scale, file=path.absolute())
    if not store.is_dir():
        nothing_on_shelf(reference)
    with Shelf.opened(store) as shelf:
        shelved = shelf.get(reference)
    card = shelved.card
    return Worn(
        name=shelved.name,
        scale=scale,
        model=shelved.reference,
        base=card.base,
        subject=card.subject,
        trigger=card.trigger,
        noun=card.noun,
    )


def _free(name: str, taken: Sequence[str]) -> str:
    """A name that no other adapter of the recipe has."""
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def is_shelved(store: Path, digest: str) -> bool:
    """Whether an adapter with these bytes is on the shelf, under whatever name."""
    with Shelf.opened(store) as shelf:
        return any(shelved.digest == digest for shelved in shelf.all())


def reference_of(store: Path, name: str, digest: str) -> str:
    """How the adapter with these bytes is called on the shelf: under the name where it is, else under any."""
    with Shelf.opened(store) as shelf:
        found = [shelved for shelved in shelf.all() if shelved.digest == digest]
    ours = [shelved.reference for shelved in found if shelved.name == name]
    return next(iter([*ours, *(shelved.reference for shelved in found)]), name)
