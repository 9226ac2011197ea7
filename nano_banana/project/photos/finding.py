"""A finding: what is wrong with a photo or a set, by how much."""

from __future__ import annotations

from dataclasses import dataclass, field

from nano_banana.core.json import JSONObject
from nano_banana.recipe.photo_rules import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found. `kind` picks the words; `value` was measured, `bound` is what it was held against.

    `data` has what else the words need.
    """

    kind: str
    severity: Severity
    value: float | None = None
    bound: float | None = None
    data: JSONObject = field(default_factory=dict)

    def told(self, path: str) -> JSONObject:
        """All that the words may be filled with; `path` names the photo, or the subject of a set."""
        return {"value": self.value, "bound": self.bound, **self.data, "path": path, "input": path}
