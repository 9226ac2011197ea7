"""Roles: which field of an endpoint takes what a stage hands over."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class TriggerUse(StrEnum):
    """How a trainer takes the trigger: one word, a phrase, or as the caption of every photo."""

    WORD = "trigger_word"
    PHRASE = "trigger_phrase"
    CAPTION = "default_caption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The endpoint's own field name for each role, None where it has no such field.

    `archive` takes the zip of training photos, `images` a list of pictures, `factor` how many times
    as wide an enlarger's result is, `count` the number of results, `format` their file type, `sync` the
    wish for an inline answer; `trigger_as` says how the field under `trigger` is used.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    seed: str | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    image: str | None = None
    images: str | None = None
    mask: str | None = None
    archive: str | None = None
    trigger: str | None = None
    trigger_as: TriggerUse | None = None
    caption: str | None = None
    adapters: str | None = None
    strength: str | None = None
    factor: str | None = None
    steps: str | None = None
    guidance: str | None = None
    learning_rate: str | None = None
    count: str | None = None
    format: str | None = None
    safety: str | None = None
    sync: str | None = None

    def named(self) -> dict[str, str]:
        """Role → field name, of the roles that the endpoint has."""
        return {role: name for role in ROLES if isinstance(name := getattr(self, role), str)}


ROLES = tuple(item.name for item in fields(Roles) if item.name != "trigger_as")
"""Every role, in the order of the schema."""
