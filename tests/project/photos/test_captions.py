"""Captions: what trainers get, what they would not see, what should not be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.endpoint import TriggerUse
from nano_banana.recipe.training_photos import DEFAULT_PHOTO_RULES, CaptionRules, PhotoRules, Severity
from nano_banana.session.photo_findings import Caption, Captioning, caption_findings, caption_of, identity_words

ANA = Captioning(trigger="anqz7", noun="young woman", traits=("a scar on the chin",))


def kinds(text: str, use: TriggerUse | None, rules: PhotoRules = DEFAULT_PHOTO_RULES) -> list[str]:
    asked = Captioning(trigger=ANA.trigger, noun=ANA.noun, traits=ANA.traits, trainers={"a/trainer": use})
    return [finding.kind for finding in caption_findings(Caption(text=text), asked, rules)]


@pytest.mark.parametrize("use", [TriggerUse.WORD, TriggerUse.CAPTION, None])
def test_where_captions_replace_the_trigger_it_must_be_in_them(use: TriggerUse | None) -> None:
    assert kinds("a woman at a desk", use) == ["caption_without_trigger"]
    assert kinds("[trigger] at a desk", use) == ["caption_without_trigger"]
    assert kinds("ANQZ7 woman at a desk", use) == []
    assert kinds("anqz77 woman at a desk", use) == ["caption_without_trigger"]
    assert kinds("", use) == []


def test_a_phrase_takes_the_place_of_its_sign() -> None:
    assert kinds("[trigger] at a desk", TriggerUse.PHRASE) == []
    assert kinds("a woman at a desk", TriggerUse.PHRASE) == ["caption_without_trigger"]


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("a woman with short curly grey hair and freckles", ("short curly grey hair", "freckles")),
        ("a blue-eyed man, middle-aged, with a beard", ("blue-eyed", "middle-aged", "beard")),
        ("her high cheekbones and pale skin", ("cheekbones", "pale skin")),
        ("a 35-year-old at work", ("35-year-old",)),
        ("a young man, slim build", ("young man", "slim build")),
        ("a scar on the chin, smiling", ("a scar on the chin",)),
        ("in front of an old building, blue sky, brown dog, dark coat, round table", ()),
        ("young woman laughing, her hair in the wind", ()),
        ("", ()),
    ],
)
def test_what_stays_is_a_leak_and_what_changes_is_none(caption: str, said: tuple[str, ...]) -> None:
    assert identity_words(caption, noun=ANA.noun, traits=ANA.traits) == said


def test_leaks_are_found_in_no_time_in_a_long_file() -> None:
    assert identity_words("red long " * 5000) == ()


def test_the_leak_check_can_be_turned_off() -> None:
    assert kinds("anqz7 woman with freckles", None) == ["caption_leaks"]
    assert kinds("anqz7 woman with freckles", None, PhotoRules(captions=CaptionRules(leak_check=Severity.OFF))) == []


def test_the_caption_is_the_prefix_and_the_file_or_the_default(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufefflaughing\n".encode())
    asked = Captioning(prefix="photo of anqz7", default="at home")
    assert caption_of(file, asked) == Caption(text="photo of anqz7, laughing")
    assert caption_of(None, asked) == Caption(text="photo of anqz7, at home")
    assert caption_of(None, ANA) == Caption()


def test_a_caption_that_is_no_text_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xff\xfe\x00")
    broken = caption_of(file, ANA)
    assert [finding.kind for finding in caption_findings(broken, ANA, DEFAULT_PHOTO_RULES)] == ["caption_unreadable"]
    assert caption_of(tmp_path / "gone.txt", ANA).broken
