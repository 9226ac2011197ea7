"""Whose photos are to be looked at: a recipe's subjects, or a folder."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import trouble
from nano_banana.core.json import as_text
from nano_banana.core.problem import did_you_mean
from nano_banana.planner.context import Contexts
from nano_banana.planner.training import PREFIX
from nano_banana.project.photos.album import Sitting
from nano_banana.project.photos.captions import Captioning
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.model import Photo
from nano_banana.recipe.model import Stage
from nano_banana.recipe.model import Subject
from nano_banana.recipe.model import Text
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.pictures import CAMERA_SUFFIXES
from nano_banana.recipe.resolve.pictures import HEIC_SUFFIXES
from nano_banana.recipe.resolve.pictures import PICTURE_SUFFIXES
from nano_banana.recipe.templates.fault import TemplateFault


def chosen(recipe: Recipe, names: Sequence[str]) -> list[Subject]:
    """The subjects of these names, or all that have photos. Raises Invalid for a name that there is not."""
    unknown = [name for name in names if name not in recipe.subjects]
    if unknown:
        known = ", ".join(recipe.subjects)
        raise Invalid(
            trouble("no_such_subject", hint=did_you_mean(name, recipe.subjects), name=name, known=known)
            for name in unknown
        )
    if names:
        return [recipe.subjects[name] for name in dict.fromkeys(names)]
    return [subject for subject in recipe.subjects.values() if subject.photos]


def sitting_of(loaded: Loaded, catalog: Catalog, subject: Subject, held_out: Collection[Path]) -> Sitting:
    """A subject's photos, with the captions that its trainers get. Raises Invalid where a template fails."""
    stages = [stage for stage in loaded.recipe.stages if stage.verb == "train" and subject.name in stage.subjects]
    rules = loaded.recipe.photo_rules
    prefix = rules.prefix if rules is not None else ""
    default = next((stage for stage in stages if "caption" in stage.data), None)
    trainers = {}
    for stage in stages:
        endpoint = catalog.get(stage.endpoint)
        if endpoint is not None:
            trainers[endpoint.id] = endpoint.roles.trigger_as
    return Sitting(
        name=subject.name,
        photos=subject.photos,
        held_out=frozenset(held_out),
        trains=bool(stages),
        captioning=Captioning(
            trigger=subject.trigger,
            noun=subject.noun,
            traits=tuple(subject.traits.values()),
            prefix=_rendered(loaded, Text(text=prefix, where=PREFIX), subject) if prefix else "",
            default="" if default is None else _rendered(loaded, _caption(default), subject),
            trainers=trainers,
        ),
    )


def folder_sitting(folder: Path) -> Sitting:
    """The pictures in a folder, by name, with the `.txt` files beside them. Raises Invalid where there is none."""
    suffixes = PICTURE_SUFFIXES | HEIC_SUFFIXES | CAMERA_SUFFIXES
    paths = sorted(path for path in folder.iterdir() if path.suffix.casefold() in suffixes and path.is_file())
    if not paths:
        raise Invalid([trouble("no_photos_here", path=str(folder))])
    photos = [
        Photo(path=path, caption=file if (file := path.with_suffix(".txt")).is_file() else None) for path in paths
    ]
    name = folder.resolve().name or str(folder)
    return Sitting(name=name, photos=photos, held_out=frozenset(), captioning=Captioning())


def _caption(stage: Stage) -> Text:
    return Text(text=as_text(stage.data["caption"]), where=(*stage.where, "caption"))


def _rendered(loaded: Loaded, text: Text, subject: Subject) -> str:
    contexts = Contexts.of(loaded.recipe, loaded.environment)
    try:
        context = {**contexts.common, "subject": contexts.subjects[subject.name]}
        return loaded.engine.compile(text.text).render(context)
    except TemplateFault as fault:
        raise Invalid([fault.problem(loaded.place_of(text, fault))]) from fault
