"""Templates against the names that their takes will have."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.recipe.model import Shot
from nano_banana.recipe.model import Stage
from nano_banana.recipe.model import Subject
from nano_banana.recipe.model import Text
from nano_banana.recipe.model import Where
from nano_banana.recipe.resolve.checks import is_template
from nano_banana.recipe.resolve.prompts import check_text
from nano_banana.recipe.resolve.prompts import names_for
from nano_banana.recipe.resolve.prompts import traits_of
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.templates.fault import TemplateFault
from nano_banana.recipe.templates.scopes import Names


def check_texts(
    reading: Reading,
    subjects: Mapping[str, Subject],
    shots: Mapping[str, Shot],
    stages: list[Stage],
    templates: Mapping[str, Text],
) -> None:
    """Check shots' templates, stages' prompts and templates under `with`, for each shot that reaches them."""
    variables = reading.section("vars")
    traits = traits_of(subjects)
    for shot in shots.values():
        check_text(reading, shot.template, names_for(traits, shot.matrix, variables))
    for stage in stages:
        for shot in shots_of(stage, stages, shots):
            names = names_for(traits, shot.matrix, variables)
            for text in texts_of(stage):
                check_text(reading, text, names)
    anything = names_for(traits, {axis: values for shot in shots.values() for axis, values in shot.matrix.items()}, {})
    used = {text.where for text in _used(shots, stages)}
    for text in templates.values():
        if text.where not in used:
            _check_unused(reading, text, {**anything, **dict.fromkeys(variables)})


def _used(shots: Mapping[str, Shot], stages: list[Stage]) -> Iterator[Text]:
    yield from (shot.template for shot in shots.values())
    yield from (stage.prompt for stage in stages if stage.prompt is not None)


def _check_unused(reading: Reading, text: Text, names: Names) -> None:
    """A template that nothing uses is only checked for its syntax, since nobody knows its names."""
    faults = [fault for fault in reading.engine.check(text.text, names) if fault.kind == "template_syntax"]
    if faults:
        check_text(reading, text, names)
    reading.warn("template_unused", text.where, name=str(text.where[-1]))


def texts_of(stage: Stage) -> Iterator[Text]:
    """The templates that a stage has of its own: its prompt and its fields."""
    if stage.prompt is not None:
        yield stage.prompt
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


def shots_of(stage: Stage, stages: list[Stage], shots: Mapping[str, Shot]) -> list[Shot]:
    """The shots whose takes go through a stage."""
    if stage.verb == "generate":
        return [shots[name] for name in stage.shots]
    by_id = {other.id: other for other in stages}
    found: dict[str, Shot] = {}
    for source in stage.sources:
        for shot in shots_of(by_id[source.stage], stages, shots):
            if source.shot in ("", shot.name):
                found[shot.name] = shot
    return list(found.values())


def check_triggers(
    reading: Reading, subjects: Mapping[str, Subject], shots: Mapping[str, Shot], stages: list[Stage]
) -> None:
    """Warn of prompts that draw with a subject's adapter and never say its trigger."""
    trained = {stage.id for stage in stages if stage.verb == "train"}
    for stage in stages:
        if not any(name in trained for name, _ in stage.adapters):
            continue
        for shot in shots_of(stage, stages, shots):
            text = stage.prompt or shot.template
            if not _says_trigger(reading, text, [subjects[name] for name in shot.cast]):
                reading.warn("no_trigger", text.where, stage=stage.id, shot=shot.name)


def _says_trigger(reading: Reading, text: Text, cast: list[Subject]) -> bool:
    try:
        uses = reading.engine.compile(text.text).uses
    except TemplateFault:
        return True
    return "subject.trigger" in uses or all(subject.trigger in text.text for subject in cast)


def environment_in(reading: Reading, texts: list[Text], environ: Mapping[str, str]) -> JSONObject:
    """The environment variables that templates name, and no others; a missing or secret one is noted."""
    values: dict[str, JSONValue] = {}
    for text in texts:
        try:
            uses = reading.engine.compile(text.text).uses
        except TemplateFault:
            continue
        for use in sorted(uses):
            if use.startswith("env."):
                name = use.removeprefix("env.")
                if is_secret(name, environ):
                    reading.wrong("env_secret", text.where, name=name)
                else:
                    values[name] = environ.get(name)
    return values


SECRETS = ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET")


def is_secret(name: str, environ: Mapping[str, str]) -> bool:
    """Whether a variable holds the provider's key, by its name or by its value."""
    values = {environ[secret] for secret in SECRETS if environ.get(secret)}
    return name.upper() in SECRETS or environ.get(name) in values
