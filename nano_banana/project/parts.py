"""What a project hands to the workshop, made from the recipe and the catalog."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.recipe.model import Recipe
from nano_banana.recipe.resolve.pictures import picture_media
from nano_banana.reports.fresh import Look
from nano_banana.reports.fresh import Trace
from nano_banana.reports.fresh import look
from nano_banana.reports.manifest import MANIFEST
from nano_banana.workshop.order import Outcome

BYTES = "application/octet-stream"
_MEDIA = {".txt": "text/plain", ".safetensors": BYTES}


def files_of(recipe: Recipe) -> Mapping[Path, str]:
    """Every file of the user's that calls take in, with its media type."""
    photos = [photo for subject in recipe.subjects.values() for photo in subject.photos]
    paths = [photo.path for photo in photos] + [photo.caption for photo in photos if photo.caption]
    paths += [adapter.path for adapter in recipe.adapters.values()]
    paths += [path for stage in recipe.stages for path in stage.files.values()]
    return {path: _MEDIA.get(path.suffix.casefold()) or picture_media(path) or BYTES for path in paths}


def head_of(recipe: Recipe, provider: str) -> JSONObject:
    """What the manifest says of the run as a whole; consent is kept with the pictures that it allows."""
    subjects: dict[str, JSONValue] = {
        name: {"noun": subject.noun, "trigger": subject.trigger, "consent": subject.consent}
        for name, subject in recipe.subjects.items()
    }
    return {"manifest": 1, "recipe": recipe.name, "provider": provider, "subjects": subjects}


def kinds(catalog: Catalog) -> Callable[[Call], str]:
    """A function that sorts calls by the limit that holds for them: `train`, `image` or `compute`."""

    def kind_of(call: Call) -> str:
        if call.provider == "compute":
            return "compute"
        endpoint = catalog.get(call.endpoint)
        return "train" if endpoint is not None and endpoint.does is Task.TRAIN else "image"

    return kind_of


def trace_of(outcome: Outcome, *, read: Iterable[Path], environment: Mapping[str, str], summary: JSONObject) -> Trace:
    """What the next run compares to see that nothing changed."""
    written: dict[str, Look] = {
        name: (stat.size, stat.mtime_ns, stat.ctime_ns, stat.inode) for name, stat in outcome.written.items()
    }
    return Trace(
        read={str(path): look(str(path)) for path in read},
        environment=environment,
        folder=str(outcome.folder),
        written={**written, MANIFEST: look(str(outcome.folder / MANIFEST))},
        summary=summary,
    )
