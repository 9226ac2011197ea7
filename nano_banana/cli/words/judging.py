"""The words for why a gate refused a picture, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "too_far": Wording("too far"),
    "no_face": Wording("no face"),
    "extra_face": Wording("extra face", "{found} found, {wanted} wanted"),
    "missing_face": Wording("missing face", "{found} found, {wanted} wanted"),
    "copy_of_training_photo": Wording(
        "copy of a training photo", "likeness {similarity:.2f}, {distance} of 64 bits differ"
    ),
    "face_too_small": Wording("face too small", "{face_px:.0f} px wide, {least:.0f} needed"),
    "face_blurred": Wording("face blurred", "sharpness {sharpness:.1f}, {least:.0f} needed"),
    "no_gate": Wording("this recipe has no gate, so there is nothing to judge by", "add a stage `gate: …` to `stages`"),
}
