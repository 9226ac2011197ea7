"""The standard that a picture is held to: thresholds, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass

REJECTIONS = ("no_face", "extra_face", "copy_of_training_photo")
"""What a gate may refuse beside a face that is too far from its person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """When a picture is accepted. Likeness is cosine similarity, −1 to 1 (SFace: 0.45 let no stranger of 1,615 pass).

    `at_least` is the floor; `quantile` (0–1; None: no calibration) of the reference photos' own leave-one-out
    likenesses less `slack` may raise the threshold, up to `at_most`. From `unsure_from` up to the threshold a person
    looks. A face narrower than `least_face_px` pixels, or less sharp than `least_sharpness` (variance of the Laplacian
    on the aligned face), is too poor to judge: unsure, never refused. `also_reject` are those of REJECTIONS that hold.
    A copy is like one training photo by `copy_similarity` or more, and what is around the face differs from that
    photo's in no more than `copy_distance` of 64 bits.
    """

    at_least: float = 0.45
    at_most: float = 0.55
    quantile: float | None = 0.1
    slack: float = 0.05
    unsure_from: float = 0.36
    also_reject: frozenset[str] = frozenset(REJECTIONS)
    least_face_px: float = 48
    least_sharpness: float = 12
    copy_similarity: float = 0.85
    copy_distance: int = 8
