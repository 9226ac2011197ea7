"""The flags of `new`, and what they answer by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from nano_banana.cli.beginning.answers import TRIGGER
from nano_banana.cli.beginning.answers import Answers
from nano_banana.cli.beginning.answers import Offer
from nano_banana.cli.beginning.answers import day_of
from nano_banana.cli.beginning.answers import from_folder
from nano_banana.cli.beginning.answers import named
from nano_banana.cli.beginning.answers import slug_of
from nano_banana.cli.beginning.answers import trigger_of
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import trouble
from nano_banana.core.problem import did_you_mean

PROPOSED = ("work/corporate-headshot", "life/natural-window-light", "cinema/cinematic-still")
"""The templates that are proposed where a person is asked."""


class Said(TypedDict):
    """The flags as click hands them over; None (or nothing) where one was not given."""

    name: str | None
    photos: Path | None
    subject: str | None
    noun: str | None
    trigger: str | None
    templates: tuple[str, ...]
    takes: int | None
    gate: bool | None
    provider: str | None
    budget: float | None
    consent_by: str | None
    consent_on: str | None
    consent_uses: tuple[str, ...]
    plan: bool | None
    yes: bool
    force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags, for a project in `folder`; `photos` also where they were asked for. `today` is YYYY-MM-DD."""

    said: Said
    folder: Path
    photos: Path | None
    today: str

    @property
    def given(self) -> frozenset[str]:
        """What needs not be asked any more, by the names of `Answers`."""
        said = self.said
        answered = {
            "subject": said["subject"],
            "noun": said["noun"],
            "trigger": said["trigger"],
            "consent": said["consent_by"],
            "offers": said["templates"] or None,
            "takes": said["takes"],
            "gate": said["gate"],
            "provider": said["provider"],
            "budget": said["budget"],
        }
        return frozenset(name for name, value in answered.items() if value is not None)

    def answers(self, offers: Sequence[Offer], *, count: int = 0, proposed: bool = False) -> Answers:
        """What is answered, and what is taken for the rest; of templates only where they are `proposed`.

        `count` is how many photos there are. Raises Invalid for names that can't be, and for unknown templates.
        """
        said = self.said
        usual = self.photos.resolve().name if self.photos else "ana"
        subject = named(said["subject"]) if said["subject"] is not None else slug_of(usual)
        return Answers(
            name=named(said["name"] or slug_of(self.folder.resolve().name)),
            subject=subject,
            noun=(said["noun"] or "").strip() or "person",
            trigger=_trigger(said["trigger"]) or trigger_of(subject),
            photos=f"photos/{subject}" if self.photos is None else from_folder(self.folder, self.photos),
            count=count,
            offers=_chosen(offers, said["templates"] or (PROPOSED if proposed else ()), strict=bool(said["templates"])),
            takes=said["takes"] or 2,
            gate=said["gate"] is not False,
            provider=said["provider"] or "local",
            budget=said["budget"],
            consent=self._consent(),
        )

    def _consent(self) -> dict[str, str | list[str]]:
        said = self.said
        if not said["consent_by"]:
            if said["consent_on"] or said["consent_uses"]:
                raise Invalid([trouble("consent_of_nobody")])
            return {}
        uses = list(said["consent_uses"])
        return {
            "given_by": said["consent_by"],
            "on": day_of(said["consent_on"]) if said["consent_on"] else self.today,
            **({"uses": uses} if uses else {}),
        }


def _trigger(text: str | None) -> str | None:
    if text is not None and not TRIGGER.fullmatch(text):
        raise Invalid([trouble("trigger_not_a_word", trigger=text)])
    return text


def _chosen(offers: Sequence[Offer], names: Sequence[str], *, strict: bool) -> list[Offer]:
    by_name = {offer.name: offer for offer in offers}
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    if unknown and strict:
        raise Invalid([trouble("no_such_template", hint=did_you_mean(name, by_name), name=name) for name in unknown])
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]
