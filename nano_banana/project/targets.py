"""Where a user wants files put, and where none of theirs may go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import Place
from nano_banana.recipe.model import Where
from nano_banana.recipe.recipe import Recipe
from nano_banana.settings import Settings

LONGEST = 255
"""Bytes of one name, on the usual file systems."""


def check_targets(recipe: Recipe, settings: Settings, nearest: Callable[[Where], Place]) -> None:
    """Raise Invalid where copies could not be put, or would lie among what is ours.

    Said before anything is made: what is found at the end of a run has been paid for.
    """
    export = recipe.outputs.export
    if export is None:
        return
    out = settings.out / recipe.name
    problems = []
    to, packed = export.places(recipe.path.absolute().parent)
    for key, said, path in (("to", export.to, to), ("zip", export.zip, packed)):
        kind = "" if path is None else _fault(path, settings.store, out, folder=key == "to")
        if kind:
            problems.append(trouble(kind, place=nearest(("outputs", "files", key)), path=said))
    if problems:
        raise Invalid(problems)


def check_outside(path: Path, settings: Settings) -> None:
    """Raise Invalid `target_in_store` for a file that would lie in the store."""
    if _is_in(path, settings.store):
        raise Invalid([trouble("target_in_store", path=str(path))])


def _fault(path: Path, store: Path, out: Path, *, folder: bool) -> str:
    """The kind of problem that a place for copies has; empty for none."""
    if any(len(part.encode(errors="surrogatepass")) > LONGEST for part in path.parts):
        return "target_too_long"
    if _is_in(path, store):
        return "target_in_store"
    if folder and _is_in(path, out):
        return "export_in_out"
    if folder and path.exists() and not path.is_dir():
        return "export_not_folder"
    return "export_zip_folder" if not folder and path.is_dir() else ""


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
