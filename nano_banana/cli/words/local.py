"""Words for what the local provider cannot do."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "adapter_not_local": Wording(
        say="`{input}` was made by another trainer",
        hint="the local provider can only draw from adapters that it trained itself; use --provider fal with this one",
    ),
    "adapter_broken": Wording(
        say="the adapter `{input}` is damaged or no safetensors file",
        hint="train it again",
    ),
    "invalid_archive": Wording(
        say="the training archive `{input}` cannot be used: {reason} {file}",
        hint="a zip of pictures, with text captions beside them if you like, is what trainers take",
    ),
    "local_endpoint": Wording(
        say="the local provider does not know the endpoint `{name}`",
        hint="describe it under endpoints/, or use --provider fal",
    ),
    "local_task": Wording(
        say="the local provider has no stand-in for what `{name}` does",
        hint="it trains, draws, edits, inpaints, upscales and restores; use --provider fal for anything else",
    ),
    "local_input": Wording(
        say="the input `{input}` is missing", hint="give it as a file: the local provider downloads nothing"
    ),
    "local_argument": Wording(say="{value!r} is no usable value of `{name}`"),
    "local_size": Wording(
        say="`{name}` asks for {width} × {height} pixels, outside {least} to {most} a side",
        hint="ask for a smaller or larger picture",
    ),
}
