"""Findings in words: whole sentences, and labels for a narrow column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nano_banana.cli.words.index import say
from nano_banana.core.problem import Problem

if TYPE_CHECKING:
    from nano_banana.project.photos.finding import Finding

LABELS: Mapping[str, str] = {
    "photo_no_face": "no face",
    "photo_faces": "several faces",
    "photo_faces_few": "too few faces",
    "photo_face_small": "small face",
    "photo_small": "small photo",
    "photo_face_blurred": "not sharp",
    "photo_blurred": "not sharp",
    "photo_twin": "duplicate",
    "photo_mirrored": "mirrored duplicate",
    "photo_odd": "another person?",
    "photo_dark": "too dark",
    "photo_bright": "too bright",
    "photo_lying": "on its side",
    "photo_turned": "turned",
    "caption_unreadable": "caption unreadable",
    "caption_without_trigger": "no trigger in caption",
    "caption_leaks": "caption says too much",
    "worker_died": "could not be looked at",
}
"""Other kinds are reasons why a photo can't be read."""

SEVERITIES = {"reject": ("rejected", "red"), "warn": ("warning", "yellow"), "note": ("note", "dim")}
"""Each severity's name and style, the gravest first."""


def words_of(finding: Finding, name: str) -> tuple[str, str]:
    """What is wrong with the photo (or the subject's set) of that name, and what to do."""
    return say(Problem(kind=finding.kind, data=finding.told(name)))


def label_of(finding: Finding) -> str:
    """A word or two."""
    return LABELS.get(finding.kind, "unreadable")


def labels_of(findings: Sequence[Finding]) -> str:
    """The labels of all, each once, the gravest first."""
    ordered = sorted(findings, key=lambda finding: list(SEVERITIES).index(finding.severity))
    return ", ".join(dict.fromkeys(map(label_of, ordered)))
