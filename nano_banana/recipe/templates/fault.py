"""What is wrong with a template, by character offset in its text."""

from __future__ import annotations

from pathlib import Path

from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Place, Problem


class TemplateFault(Exception):
    """A template that cannot be read or rendered.

    `offset` and `length` count characters of the template's text, or of the included template file
    `file`. The text's owner knows where it stands and makes the place.
    """

    def __init__(
        self,
        kind: str,
        *,
        offset: int = 0,
        length: int = 1,
        file: Path | None = None,
        suggestions: tuple[str, ...] = (),
        data: JSONObject | None = None,
    ) -> None:
        super().__init__(f"{kind} at {offset}: {dict(data or {})}")
        self.kind = kind
        self.offset = offset
        self.length = length
        self.file = file
        self.suggestions = suggestions
        self.data: JSONObject = data or {}

    def problem(self, place: Place | None) -> Problem:
        """The same as a problem at `place`."""
        return Problem(kind=self.kind, place=place, data=self.data, suggestions=self.suggestions)

    def moved(self, *, offset: int, length: int, file: Path | None) -> TemplateFault:
        """The same fault at another offset or in another file."""
        return TemplateFault(
            self.kind, offset=offset, length=length, file=file, suggestions=self.suggestions, data=self.data
        )
