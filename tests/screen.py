"""What a program showed: exit code and both streams, made the same on every machine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from nano_banana.model.json_values import JSONObject

SEAMS = [
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)\b"), "<duration>"),
    (re.compile(r"\b\d{8}[-T]?\d{6}\b[-\w]*"), "<run>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
]
"""What differs from run to run, and what stands in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The end of one command. `places` maps folders of this machine to the words that stand for them."""

    command: str
    exit_code: int
    stdout: str
    stderr: str
    places: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Both streams, as they came."""
        return self.stdout + self.stderr

    @property
    def json(self) -> JSONObject:
        """The one object that `--json` prints. Raises AssertionError where stdout holds anything else."""
        try:
            value: object = json.loads(self.stdout)
        except ValueError as error:
            message = f"`{self.command}` printed no JSON (exit {self.exit_code})\n{self.text}"
            raise AssertionError(message) from error
        assert isinstance(value, dict), self.stdout
        return value

    @property
    def golden(self) -> str:
        """The whole screen with paths, clocks and digests made the same: what a golden file holds."""
        parts = [f"$ {self.command}", self.plain(self.stdout).rstrip("\n")]
        if self.stderr:
            parts += ["--- stderr", self.plain(self.stderr).rstrip("\n")]
        return "\n".join([*filter(None, parts), f"--- exit {self.exit_code}", ""])

    def plain(self, text: str) -> str:
        """`text` without what differs between machines and runs."""
        for folder, word in self.places:
            text = text.replace(folder, word)
        for pattern, word in SEAMS:
            text = pattern.sub(word, text)
        return text

    def shows(self, *words: str) -> Screen:
        """Insist that each of `words` is on the screen, and go on."""
        missing = [word for word in words if word not in self.text]
        assert not missing, f"`{self.command}` did not show {missing} (exit {self.exit_code})\n{self.text}"
        return self

    def hides(self, *words: str) -> Screen:
        """Insist that none of `words` is on the screen, and go on."""
        shown = [word for word in words if word in self.text]
        assert not shown, f"`{self.command}` showed {shown} (exit {self.exit_code})\n{self.text}"
        return self
