"""SynthID: who writes it is known; whether it is there, Google can say.

There is no detector for pictures to run here. So the endpoints that write it are a table, and whoever has access to a
service of Google's can plug in a verifier: a command that gets the picture's path as its last argument and answers
with a JSON object on stdout, `{"verdict": "found" | "not_found" | "unsure", "detail": "…"}`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.json import JSONValue
from nano_banana.marks.found.finding import SYNTHID, Certainty, Finding, Unchecked
from nano_banana.marks.found.said import bounded, json_object

_GEMINI = "https://ai.google.dev/gemini-api/docs/image-generation"
_IMAGEN = "https://ai.google.dev/gemini-api/docs/imagen"

WRITERS: Mapping[str, str] = {
    r"/nano-banana(-pro|-\d)?($|/)": _GEMINI,
    r"(^|[/ ])gemini[-. \d]*(flash|pro)?[-. ]?(lite-?)?image": _GEMINI,
    r"(^|/|\bgoogle )imagen[-/ ]?\d": _IMAGEN,
}
"""Endpoints and models, as patterns of their names, that say of all their pictures that SynthID is in them: where."""

SECONDS = 60.0

Answer: TypeAlias = "subprocess.CompletedProcess[str]"
Run: TypeAlias = Callable[[Sequence[str], float], Answer]
"""Runs a command for at most so many seconds. Raises OSError and subprocess.TimeoutExpired."""


def run_command(command: Sequence[str], seconds: float) -> Answer:
    """Run `command` without a shell and without input."""
    return subprocess.run(  # noqa: S603 - the user's own word
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        errors="replace",
    )


def writer_of(names: Iterable[str]) -> tuple[str, str] | None:
    """The first of these endpoints, models or programs that writes SynthID, and where that is said."""
    for name in names:
        for pattern, source in WRITERS.items():
            if re.search(pattern, name, re.IGNORECASE):
                return name, source
    return None


def synthid(
    path: Path, drawn_by: Iterable[str], verifier: str | None = None, run: Run = run_command
) -> Finding | Unchecked | None:
    """What can be known of SynthID in the picture: by the `verifier`, a command line; None where that finds nothing.

    `drawn_by` names what drew it, as far as the picture itself says so.
    """
    writer = writer_of(drawn_by)
    expected: dict[str, JSONValue] = {"writer": bounded(writer[0]), "source": writer[1]} if writer else {}
    if verifier is None:
        return Unchecked(of=SYNTHID, why="synthid_expected" if writer else "synthid_closed", facts=expected)
    try:
        done = run([*shlex.split(verifier), str(path.absolute())], SECONDS)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return _failed(str(getattr(error, "strerror", None) or error))
    told = json_object(done.stdout)
    verdict = None if told is None else told.get("verdict")
    detail = bounded(str((told or {}).get("detail") or ""))
    if done.returncode or verdict not in ("found", "not_found", "unsure"):
        return _failed(bounded(done.stderr) or f"exit code {done.returncode}, no verdict")
    if verdict == "unsure":
        return Unchecked(of=SYNTHID, why="verifier_unsure", facts={"detail": detail})
    if verdict == "not_found":
        return None
    return Finding(of=SYNTHID, name="synthid", certainty=Certainty.VOUCHED, facts={"detail": detail, **expected})


def _failed(reason: str) -> Unchecked:
    return Unchecked(of=SYNTHID, why="verifier_failed", facts={"reason": reason})
