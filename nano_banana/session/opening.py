"""Opens a recipe; lists the files it reads, checks where copies may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.pricing import QUOTES_FILE as PRICES
from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, Position, problem
from nano_banana.recipe.load import Loaded, load_recipe
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.recipe.recipe_model import Recipe
from nano_banana.recipe.training_photos import picture_media_type
from nano_banana.session.run_request import RunRequest
from nano_banana.session.shelved_adapters import shelf_offers
from nano_banana.settings.configuration import Settings


def endpoints_folder(root: Path) -> Path:
    """Where a project keeps endpoints of its own; it may not be there."""
    return root / "endpoints"


def project_catalog(root: Path, settings: Settings) -> Catalog:
    """The package's endpoints and those of the project in `root`, at the prices that were quoted last.

    Raises Invalid with every problem of the project's files.
    """
    return Catalog.load(endpoints_folder(root), quotes=settings.store / PRICES)


def recipe_catalog(files: RecipeFiles, quotes: Path) -> Catalog:
    """The program's endpoints and the project's own, whose files are among those that were read.

    `quotes` is the file of the prices that fal quoted last.
    """
    folder = files.root / "endpoints"
    if not files.is_folder(folder):
        return Catalog.load(None, quotes=quotes)
    for path in folder.glob("*.y*ml"):
        files.exists(path)
    return Catalog.load(folder, quotes=quotes)


LONGEST_NAME = 255
"""Bytes of one name, on the usual file systems."""


def check_export_targets(recipe: Recipe, settings: Settings, nearest: Callable[[KeyPath], Position]) -> None:
    """Raise Invalid if exported copies can't be written, or would be in the store or the output folder.

    Said before anything is made: what is found at the end of a run has been paid for.
    """
    export = recipe.outputs.export
    if export is None:
        return
    out = settings.out / recipe.name
    problems = []
    to, packed = export.places(recipe.path.absolute().parent)
    for key, said, path in (("to", export.to, to), ("zip", export.zip, packed)):
        kind = "" if path is None else _target_fault(path, settings.store, out, folder=key == "to")
        if kind:
            problems.append(problem(kind, position=nearest(("outputs", "files", key)), path=said))
    if problems:
        raise Invalid(problems)


def check_outside_store(path: Path, settings: Settings) -> None:
    """Raise Invalid `target_in_store` for a file that would lie in the store."""
    if _lies_in(path, settings.store):
        raise Invalid([problem("target_in_store", path=str(path))])


def _target_fault(path: Path, store: Path, out: Path, *, folder: bool) -> str:
    """The kind of problem that a place for copies has; empty for none."""
    if any(len(part.encode(errors="surrogatepass")) > LONGEST_NAME for part in path.parts):
        return "target_too_long"
    if _lies_in(path, store):
        return "target_in_store"
    if folder and _lies_in(path, out):
        return "export_in_out"
    if folder and path.exists() and not path.is_dir():
        return "export_not_folder"
    return "export_zip_folder" if not folder and path.is_dir() else ""


def _lies_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def open_recipe(request: RunRequest, settings: Settings, environ: Mapping[str, str]) -> tuple[Loaded, Catalog]:
    """The recipe, and the catalog of its project. Raises Invalid with every problem at once."""
    folder = request.recipe.absolute().parent  # of a link, the folder of the link
    files = RecipeFiles(project_root(folder), folder, request.given)
    catalog = recipe_catalog(files, settings.store / PRICES)
    loaded = load_recipe(
        request.recipe,
        files=files,
        catalog=catalog,
        sets=request.sets,
        environ=environ,
        allow_env=settings.allow_env.split(",") if settings.allow_env else (),
        overlooked=request.tolerated_problems,
        offer=shelf_offers(settings.store, files),
    )
    return loaded, catalog


OCTET_STREAM = "application/octet-stream"
_MEDIA = {".txt": "text/plain", ".safetensors": OCTET_STREAM}


def input_places(recipe: Recipe) -> Mapping[Path, KeyPath]:
    """Every file of the user that calls read, and where the recipe names it."""
    found: dict[Path, KeyPath] = {}
    for name, subject in recipe.subjects.items():
        where: KeyPath = ("subjects", name, "training_set")
        found |= {path: where for photo in subject.photos for path in (photo.path, photo.caption) if path}
    found |= {adapter.path: ("adapters", name) for name, adapter in recipe.adapters.items()}
    for name, subject in recipe.subjects.items():
        found |= dict.fromkeys(subject.references, ("subjects", name, "references"))
    for stage in recipe.asking:
        found |= {path: (*stage.where, key) for key, path in stage.files.items()}
    for name, shot in recipe.shots.items():
        found |= dict.fromkeys(shot.pictures.values(), ("shots", name, "pictures"))
    return found


def input_files(recipe: Recipe) -> Mapping[Path, str]:
    """Every file of the user that calls read, with its media type."""
    return {path: media_of(path) for path in input_places(recipe)}


def media_of(path: Path) -> str:
    """A file's media type, by its name or its first bytes."""
    try:
        return _MEDIA.get(path.suffix.casefold()) or picture_media_type(path) or OCTET_STREAM
    except OSError:
        # Reading it later raises the error.
        return OCTET_STREAM
