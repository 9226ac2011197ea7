"""What a run's pictures are to tell of themselves, by its recipe."""

from __future__ import annotations

from nano_banana.marks.account import Person
from nano_banana.marks.signing import Signer
from nano_banana.recipe.recipe import Recipe
from nano_banana.workshop.marking import Marks


def marks_for(recipe: Recipe, signer: Signer | None = None) -> Marks:
    """The marks of a recipe's pictures; `signer` signs them, where there is one."""
    people = {
        name: Person(name=name, trigger=subject.trigger, noun=subject.noun) for name, subject in recipe.subjects.items()
    }
    return Marks(embed=recipe.outputs.embed, people=people, signer=signer)
