"""Whose photos are to be looked at: a recipe's subjects, or a folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import as_text
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.planner.context import Contexts
from nano_banana.planner.training import PREFIX
from nano_banana.project.photos.album import Sitting
from nano_banana.project.photos.captions import Captioning
from nano_banana.recipe.load import Loaded
from nano_banana.recipe.model import Photo, Stage, Subject, Text
from nano_banana.recipe.photo_files import CAPTION_SUFFIXES, folders_with_photos, named_few, sorted_files
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.pictures import reads_heic
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


def folder_sitting(folder: Path) -> tuple[Sitting, list[Problem]]:
    """The photos in a folder that a recipe would train with, and warnings of what is left out.

    Photos that were not fetched are among them, since a training would miss them. Raises Invalid if there is none.
    """
    found = sorted_files(sorted(path for path in folder.iterdir() if _is_file(path)), heic=reads_heic())
    paths = sorted((*found.photos, *found.absent))
    if not paths:
        raise Invalid([trouble("no_photos_here", path=str(folder))])
    left_out = {**found.left_out, "photos_deeper": tuple(folders_with_photos(folder))}
    warnings = [
        replace(trouble(kind, path=str(folder), names=named_few(files)), warning=True)
        for kind, files in left_out.items()
        if files
    ]
    name = folder.resolve().name or str(folder)
    photos = [Photo(path=path, caption=_caption_beside(path)) for path in paths]
    return Sitting(name=name, photos=photos, held_out=frozenset(), captioning=Captioning()), warnings


def _is_file(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())


def _caption_beside(photo: Path) -> Path | None:
    files = (photo.with_suffix(suffix) for suffix in CAPTION_SUFFIXES)
    return next((file for file in files if file.is_file()), None)


def _caption(stage: Stage) -> Text:
    return Text(text=as_text(stage.data["caption"]), where=(*stage.where, "caption"))


def _rendered(loaded: Loaded, text: Text, subject: Subject) -> str:
    contexts = Contexts.of(loaded.recipe, loaded.environment)
    try:
        context = {**contexts.common, "subject": contexts.subjects[subject.name]}
        return loaded.engine.compile(text.text).render(context)
    except TemplateFault as fault:
        raise Invalid([fault.problem(loaded.place_of(text, fault))]) from fault
