"""Templates against the names that their takes will have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject, JSONValue, as_object
from nano_banana.core.problem import Problem
from nano_banana.recipe.model import Shot, Stage, Subject, Text, Where, asking
from nano_banana.recipe.resolve.checks import is_template
from nano_banana.recipe.resolve.packs import values_of
from nano_banana.recipe.resolve.prompts import check_text, names_for, place_of, traits_of
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.templates.budget import OutOfBoundsError
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names


def check_texts(
    reading: Reading,
    subjects: Mapping[str, Subject],
    shots: Mapping[str, Shot],
    stages: list[Stage],
    drawn: Mapping[str, list[Shot]],
    templates: Mapping[str, Text],
) -> None:
    """Check shots' templates, stages' prompts and templates under `with`, for each shot that reaches them."""
    traits = traits_of(subjects)
    everywhere = {axis: values for shot in shots.values() for axis, values in shot.matrix.items()}
    axes = everywhere.keys() | reading.section("axes").keys()
    done: set[tuple[Where, tuple[object, ...]]] = set()

    def check(text: Text, shot: Shot, *, by_person: bool = False) -> None:
        """Check the text once for all shots whose takes have the same names."""
        somebody = has_cast(reading, shot) and (by_person or not shot.together)
        alike = (somebody, *shot.together, "", *((axis, *values[:1]) for axis, values in shot.matrix.items()))
        if (text.where, alike) not in done:
            done.add((text.where, alike))
            names = names_for(reading, traits, shot.matrix, somebody=somebody, places=shot.together)
            check_text(reading, text, names, shot=shot, axes=axes)

    for shot in shots.values():
        check(shot.template, shot)
    for stage in asking(stages):
        for text in texts_of(stage):
            for shot in drawn[stage.id]:
                check(text, shot, by_person=stage.by_person)
            if stage.verb == "train":
                check_text(reading, text, training_names(reading, traits))
    used = {text.where for text in _used(shots, stages)}
    for text in templates.values():
        if text.where not in used:
            _check_unused(reading, text, names_for(reading, traits, everywhere, somebody=True))


def prefix_of(reading: Reading, subjects: Mapping[str, Subject]) -> Text | None:
    """The template that begins every caption, where there is one; what is wrong with it is noted."""
    prefix = as_object(reading.section("photo_rules").get("captions")).get("prefix")
    if not isinstance(prefix, str):
        return None
    text = Text(text=prefix, where=("photo_rules", "captions", "prefix"))
    check_text(reading, text, training_names(reading, traits_of(subjects)))
    return text


def has_cast(reading: Reading, shot: Shot) -> bool:
    """Whether the shot names somebody, known or not."""
    return "cast" in as_object(reading.section("shots")[shot.name])


def training_names(reading: Reading, traits: frozenset[str]) -> Names:
    """What a template of a train stage may name: no take is drawn yet."""
    names = names_for(reading, traits, {}, somebody=True)
    return {name: fields for name, fields in names.items() if name not in {"seed", "shot"}}


def _used(shots: Mapping[str, Shot], stages: list[Stage]) -> Iterator[Text]:
    yield from (shot.template for shot in shots.values())
    yield from (stage.prompt for stage in asking(stages) if stage.prompt is not None)


def _check_unused(reading: Reading, text: Text, names: Names) -> None:
    """Nobody knows the names of a template that nothing uses, so that only its syntax is checked.

    One from another file is there for other recipes too.
    """
    engine = reading.engine if text.given is None else text.given.pack.engine
    for fault in engine.check(text.text, names):
        if fault.kind not in {"template_name", "template_field"}:
            reading.add(fault.problem(place_of(reading, text, fault)))
    place = reading.document.key_place(text.where)
    if place.file == reading.document.texts.shown:
        reading.add(Problem(kind="template_unused", place=place, data={"name": str(text.where[-1])}, warning=True))


def texts_of(stage: Stage) -> Iterator[Text]:
    """The templates that a stage has of its own: its prompt, its captions and its fields."""
    if stage.prompt is not None:
        yield stage.prompt
    caption = stage.data.get("caption")
    if stage.verb == "train" and isinstance(caption, str):
        yield Text(text=caption, where=(*stage.where, "caption"))
    for path, value in leaves(stage.options):
        if is_template(value):
            yield Text(text=str(value), where=(*stage.where, "with", *path))


def leaves(value: JSONValue, path: Where = ()) -> Iterator[tuple[Where, JSONValue]]:
    """Every value that holds no others, with its path."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from leaves(item, (*path, at))
    else:
        yield path, value


def environment_in(reading: Reading, texts: list[Text]) -> JSONObject:
    """The environment variables that templates name and that are set, no others; a refused one is noted."""
    values: dict[str, JSONValue] = {}
    for text in chain.from_iterable([each] if each.given is None else values_of(each.given) for each in texts):
        try:
            uses = reading.engine.compile(text.text).uses
        except TemplateFault:
            continue
        for name in sorted(use.removeprefix("env.") for use in uses if use.startswith("env.")):
            try:
                values[name] = reading.environ[name]
            except KeyError:
                continue  # checked already; there may be a default
            except OutOfBoundsError as error:
                at = TemplateFault(error.kind, offset=max(text.text.find(name), 0), length=len(name))
                reading.add(trouble(error.kind, place=place_of(reading, text, at), name=name))
    return values
