"""What a template finds when a take is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject
from nano_banana.planner.take import Take
from nano_banana.recipe.recipe import Recipe
from nano_banana.recipe.resolve.prompts import traits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """Makes templates' contexts: the recipe's variables, the environment, and each subject's names."""

    common: JSONObject
    subjects: Mapping[str, JSONObject]

    @classmethod
    def of(cls, recipe: Recipe, environment: JSONObject) -> Contexts:
        """Everything that is the same for all takes. A trait that a subject lacks reads as nothing."""
        traits: JSONObject = dict.fromkeys(traits_of(recipe.subjects))
        subjects: dict[str, JSONObject] = {
            name: {
                "name": name,
                "noun": subject.noun,
                "trigger": subject.trigger,
                "traits": {**traits, **subject.traits},
            }
            for name, subject in recipe.subjects.items()
        }
        return cls(common={**recipe.variables, "env": environment}, subjects=subjects)

    def take(self, take: Take) -> Mapping[str, object]:
        """The context of one take. One of nobody has no subject; one of several has a `cast`, by their places."""
        together = {place: self.subjects[name] for place, name in take.shot.together.items()}
        who: dict[str, object] = {"cast": together} if together else {}
        if take.subject:
            who["subject"] = self.subjects[take.subject]
        return {**self.common, **take.cell, **who, "seed": take.seed, "shot": take.shot.name}

    def one(self, take: Take, name: str) -> Mapping[str, object]:
        """The context where one person of the take is painted."""
        return {**self.take(take), "subject": self.subjects[name]}
