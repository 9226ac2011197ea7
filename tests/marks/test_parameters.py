"""The parameters that other programs read say only what was asked."""

from __future__ import annotations

import re

from msgspec.structs import replace

from nano_banana.provenance.generation_record import GenerationRecord, a1111_parameters
from tests.marks.files import PROMPT, account

PART = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""How the web UI itself takes the last line apart (`re_param` in its generation_parameters_copypaste)."""


def asked(**arguments: object) -> GenerationRecord:
    told = account()
    return replace(told, calls=[replace(told.calls[0], arguments=arguments)])


def parts(text: str) -> dict[str, str]:
    return dict(PART.findall(text.splitlines()[-1]))


def test_the_web_ui_would_read_it() -> None:
    text = a1111_parameters(account())
    assert text.splitlines()[0] == PROMPT
    assert parts(text) == {
        "Steps": "28",
        "CFG scale": "2.8",
        "Seed": "11",
        "Size": "33x21",
        "Model": "fal-ai/flux-lora",
        "Version": "Nano Banana 0.1.0",
    }


def test_what_was_left_to_the_service_is_not_told() -> None:
    text = a1111_parameters(asked(prompt="a cat", seed=True, image_size="square_hd", scheduler="a, b: c"))
    assert parts(text) == {"Sampler": '"a, b: c"', "Model": "fal-ai/flux-lora", "Version": "Nano Banana 0.1.0"}


def test_what_it_must_not_be_has_a_line_of_its_own() -> None:
    text = a1111_parameters(asked(prompt="a cat", negative_prompt="a dog", width=10, height=20, steps=4))
    assert text.splitlines()[1] == "Negative prompt: a dog"
    assert parts(text)["Size"] == "10x20"


def test_the_first_drawing_is_told_and_without_a_prompt_nothing() -> None:
    told = account()
    later = replace(told.calls[0], arguments={"prompt": "its face"})
    assert a1111_parameters(replace(told, calls=[*told.calls, later])).startswith(PROMPT)
    assert a1111_parameters(asked(image_url="x")) == ""
