"""What a picture tells of itself, in words."""

from __future__ import annotations

import io
from pathlib import Path

from msgspec.structs import replace

from nano_banana.cli.explain_report import say_picture_record
from nano_banana.cli.screen import Screen
from nano_banana.provenance.generation_record import GenerationRecord
from nano_banana.session.explanation import MarkedPicture
from tests.marks.files import account


def said(told: GenerationRecord, *, intact: bool = True) -> str:
    out = io.StringIO()
    screen = Screen(out, io.StringIO(), environ={"NO_COLOR": "1"})
    say_picture_record(screen, MarkedPicture(path=Path("a.png"), media="image/png", account=told, intact=intact))
    return out.getvalue()


def test_a_gate_s_word_and_the_try_are_told_and_long_values_cut() -> None:
    verdict = {"stage": "judged", "ruling": "accepted", "score": 0.61}
    text = said(account("x" * 400, shot="heads", label="retry1", verdict=verdict, made_at="2026-11-23", run="r1"))
    assert "judged: accepted, likeness 0.61" in text
    assert "shot heads, scene office, seed 11, try retry1" in text
    assert "made 2026-11-23 by run r1" in text
    assert "xxx…" in text
    assert "takes: fal fal-ai/flux-lora, $0.03" in text


def test_what_is_not_known_is_not_told() -> None:
    bare = replace(account(), people=(), calls=(), source="")
    assert said(bare, intact=False).splitlines()[1:] == [
        "The file was modified: it may not show what its metadata describes."
    ]
    call = replace(account().calls[0], stage="", arguments={}, inputs={}, cost_usd=None)
    assert "  fal fal-ai/flux-lora\nfile " in said(replace(account(), calls=[call]))
