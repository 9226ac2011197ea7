"""Triggers: said where an adapter listens, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.recipe.model import Identity, Shot, Stage, Subject, Text, asking
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.templates.fault import TemplateFault


def check_triggers(
    reading: Reading, subjects: Mapping[str, Subject], stages: list[Stage], drawn: Mapping[str, list[Shot]]
) -> None:
    """Warn of prompts that draw with a subject's adapter and never say its trigger, and of those that do in vain."""
    trained = {stage.id for stage in stages if stage.verb == "train"}
    learned: set[str] = set()
    for stage in asking(stages):
        if not any(name in trained for name, _ in stage.adapters):
            continue
        for shot in drawn[stage.id]:
            if not wears(stage, shot) or (shot.together and not stage.by_person):
                continue  # several at once have a problem of their own
            learned |= set() if stage.by_person else {shot.name}
            text = stage.prompt or shot.template
            if not _says_trigger(reading, text, shot, subjects):
                reading.warn("no_trigger", text.where, stage=stage.id, shot=shot.name)
    for shot in {shot.name: shot for stage in stages for shot in drawn[stage.id]}.values():
        if shot.identity is not Identity.ADAPTER and shot.name not in learned and _names_trigger(reading, shot):
            reading.warn("trigger_unlearned", shot.template.where, shot=shot.name, identity=shot.identity)


def wears(stage: Stage, shot: Shot) -> bool:
    """Whether a shot's takes are drawn with their subjects' adapters: where strangers are drawn, they are not."""
    return stage.verb != "generate" or shot.identity is not Identity.BY_FACE


def _says_trigger(reading: Reading, text: Text, shot: Shot, subjects: Mapping[str, Subject]) -> bool:
    uses = _uses(reading, text)
    if uses is None or "subject.trigger" in uses:
        return True
    return not shot.together and all(subjects[name].trigger in text.text for name in shot.cast)


def _names_trigger(reading: Reading, shot: Shot) -> bool:
    uses = _uses(reading, shot.template) or frozenset()
    return any(use.endswith(".trigger") and use.startswith(("cast.", "subject.")) for use in uses)


def _uses(reading: Reading, text: Text) -> frozenset[str] | None:
    """The names that the template reads; None where it is none."""
    try:
        engine = reading.engine if text.given is None else text.given.pack.engine
        return engine.compile(text.text).uses
    except TemplateFault:
        return None
