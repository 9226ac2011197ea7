"""SynthID: what is known of who writes it, and the user's own verifier."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from nano_banana.provenance.image_examination import synthid_finding, synthid_writer
from nano_banana.provenance.metadata_detection import ProvenanceFinding, SkippedCheck

PICTURE = Path("a.png")


WRITERS = """
fal-ai/nano-banana fal-ai/nano-banana/edit fal-ai/nano-banana-pro/edit fal-ai/nano-banana-2/edit fal-ai/imagen4/preview
imagen-3.0 gemini-2.5-flash-image fal-ai/gemini-25-flash-image/edit gemini-3-pro-image-preview
"""


@pytest.mark.parametrize("name", WRITERS.split())
def test_who_writes_it_is_known(name: str) -> None:
    assert synthid_writer(["fal-ai/flux-lora", name]) is not None


@pytest.mark.parametrize("name", ["fal-ai/flux-lora", "imagination", "Nano Banana 0.1.0", "nano-banana 0.1.0", ""])
def test_nobody_else_is_taken_for_one_and_least_of_all_this_program(name: str) -> None:
    assert synthid_writer([name]) is None


def test_without_a_verifier_it_cannot_be_checked() -> None:
    unknown, expected = synthid_finding(PICTURE, []), synthid_finding(PICTURE, ["fal-ai/nano-banana"])
    assert isinstance(unknown, SkippedCheck)
    assert isinstance(expected, SkippedCheck)
    assert (unknown.why, expected.why) == ("synthid_closed", "synthid_expected")
    assert expected.facts["writer"] == "fal-ai/nano-banana"


def asked(answer: str, *, code: int = 0, stderr: str = "") -> ProvenanceFinding | SkippedCheck | None:
    def run(command: Sequence[str], _seconds: float) -> subprocess.CompletedProcess[str]:
        assert command == ["my verifier", "--fast", str(PICTURE.absolute())]
        return subprocess.CompletedProcess(command, code, stdout=answer, stderr=stderr)

    return synthid_finding(PICTURE, [], "'my verifier' --fast", run)


def test_the_verifiers_word_is_told() -> None:
    found = asked('{"verdict": "found", "detail": "ACCEPT"}')
    assert isinstance(found, ProvenanceFinding)
    assert found.facts == {"detail": "ACCEPT"}
    assert asked('{"verdict": "not_found"}') is None
    unsure = asked('{"verdict": "unsure", "detail": "too small"}')
    assert isinstance(unsure, SkippedCheck)
    assert (unsure.why, unsure.facts) == ("verifier_unsure", {"detail": "too small"})


@pytest.mark.parametrize("answer", ["", "yes", "[]", '{"verdict": true}', '{"verdict": "perhaps"}'])
def test_any_other_answer_is_none(answer: str) -> None:
    failed = asked(answer)
    assert isinstance(failed, SkippedCheck)
    assert failed.why == "verifier_failed"


def test_what_a_verifier_complains_of_is_told() -> None:
    failed = asked("", code=1, stderr="no credentials")
    assert isinstance(failed, SkippedCheck)
    assert failed.facts == {"reason": "no credentials"}


def test_a_verifier_that_is_not_there_is_said() -> None:
    for command in ("/nowhere/verifier", "unclosed 'quote"):
        failed = synthid_finding(PICTURE, [], command)
        assert isinstance(failed, SkippedCheck)
        assert failed.why == "verifier_failed"


def test_a_true_program_is_asked(tmp_path: Path) -> None:
    script = tmp_path / "verifier.py"
    script.write_text("import json, sys\nprint(json.dumps({'verdict': 'found', 'detail': sys.argv[1]}))\n")
    found = synthid_finding(PICTURE, [], f"'{sys.executable}' '{script}'")
    assert isinstance(found, ProvenanceFinding)
    assert str(found.facts["detail"]).endswith("a.png")
