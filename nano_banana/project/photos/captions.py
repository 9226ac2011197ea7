"""The captions that trainers get, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nano_banana.catalog.roles import TriggerUse
from nano_banana.core.caption import captioned
from nano_banana.project.photos.finding import Finding
from nano_banana.project.photos.leaks import leaks
from nano_banana.recipe.photo_rules import PhotoRules, Severity

PLACEHOLDER = "[trigger]"
"""What trainers that take a trigger phrase put it in the place of."""

MOST_BYTES = 100_000
"""A longer file is no caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioning:
    """How the photos of a subject are captioned, and for which trainers: endpoint to how it takes the trigger.

    `default` is the caption of photos that have no file, `prefix` begins every caption.
    """

    trigger: str = ""
    noun: str = ""
    traits: tuple[str, ...] = ()
    prefix: str = ""
    default: str = ""
    trainers: Mapping[str, TriggerUse | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The text that goes with a photo (empty: none does); `broken` says that its file is no text."""

    text: str = ""
    broken: bool = False


def caption_of(file: Path | None, captioning: Captioning) -> Caption:
    """The caption that the trainer gets with a photo that has this file beside it (None: none)."""
    own = captioning.default
    if file is not None:
        try:
            with file.open("rb") as opened:
                own = opened.read(MOST_BYTES).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return Caption(broken=True)
    return Caption(text=captioned(captioning.prefix, own))


def caption_findings(caption: Caption, captioning: Captioning, rules: PhotoRules) -> Iterator[Finding]:
    """A file that is no text, a trainer that would never see the trigger, words for what should stay."""
    if caption.broken:
        yield Finding(kind="caption_unreadable", severity=Severity.REJECT)
        return
    if not caption.text:
        return
    lost = [name for name, use in captioning.trainers.items() if not _calls(caption.text, captioning.trigger, use)]
    if lost:
        data = {"trigger": captioning.trigger, "noun": captioning.noun, "trainer": ", ".join(lost)}
        yield Finding(kind="caption_without_trigger", severity=Severity.REJECT, data=data)
    said = leaks(caption.text, noun=captioning.noun, traits=captioning.traits)
    if said and rules.leak_check is not Severity.OFF:
        yield Finding(kind="caption_leaks", severity=rules.leak_check, data={"words": list(said)})


def _calls(caption: str, trigger: str, use: TriggerUse | None) -> bool:
    """Whether the trainer learns the trigger from such a caption.

    Where photos have captions, a trigger word or a default caption is ignored; a trigger phrase takes the place of
    `[trigger]` in them.
    """
    if use is TriggerUse.PHRASE and PLACEHOLDER in caption:
        return True
    return re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", caption, re.IGNORECASE) is not None
