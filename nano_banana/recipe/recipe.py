"""A whole recipe, resolved: every name in it stands for something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nano_banana.core.json import JSONValue
from nano_banana.recipe.model import AdapterFile, Limits, Privacy, Shot, Stage, Subject, asking
from nano_banana.recipe.outputs import Outputs
from nano_banana.recipe.packs.pack import Pack
from nano_banana.recipe.photo_rules import PhotoRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A whole recipe, checked: every name in it stands for something."""

    name: str
    path: Path
    provider: str | None
    variables: Mapping[str, JSONValue]
    limits: Limits
    privacy: Privacy
    subjects: Mapping[str, Subject]
    adapters: Mapping[str, AdapterFile]
    shots: Mapping[str, Shot]
    stages: Sequence[Stage]
    outputs: Outputs = field(default_factory=Outputs)
    photo_rules: PhotoRules | None = None
    packs: Mapping[str, Pack] = field(default_factory=dict)

    @property
    def asking(self) -> Sequence[Stage]:
        """The stages that ask an endpoint, in their order, gates' repairs among them."""
        return asking(self.stages)

    def stage(self, name: str) -> Stage:
        """The stage of that id. Raises KeyError."""
        for stage in self.stages:
            if stage.id == name:
                return stage
        raise KeyError(name)
