"""A pack's template as a recipe uses it, with values for its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.located import Steps
from nano_banana.recipe.packs.pack import CROP, Pack, PackTemplate

Settle = Callable[[str, JSONValue], object]
"""From a variable's name and what the recipe gives for it (a template, perhaps) to what the prompt sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A template of a pack, and the values that the recipe gives at `where`; the others have their defaults."""

    pack: Pack
    template: PackTemplate
    values: JSONObject
    where: Steps

    def names(self, context: Mapping[str, object], settle: Settle) -> Mapping[str, object]:
        """What the prompt finds: the variables and the subject, and nothing else of the recipe's."""
        found = {name: self._value(name, settle) for name in self.template.variables}
        return {**found, **({"subject": context["subject"]} if "subject" in context else {})}

    def fields(self, size: str | None, settle: Settle) -> JSONObject:
        """Settings of the endpoint that draws, and what goes into its field `size` (None: it has none)."""
        if size is None or not self.template.sizes:
            return self.template.settings
        crop = self._value(CROP, settle)
        found = self.template.sizes.get(crop.key) if isinstance(crop, AxisValue) else None
        return self.template.settings if found is None else {**self.template.settings, size: found}

    def _value(self, name: str, settle: Settle) -> object:
        variable = self.template.variables[name]
        return settle(name, self.values[name]) if name in self.values else variable.value(variable.default)
