"""Skin and clothes: what of a person is coloured as the face, what not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nano_banana.faces.head import Head
from nano_banana.faces.mixture import Mixture
from nano_banana.faces.study import Flags, Study
from nano_banana.faces.window import Soft

CHIN = 0.5
"""Where the chin is: how far below the oval's middle, in diameters."""


def skin(study: Study, hair: Soft | None) -> Soft:
    """How much of each of the study's pixels is skin: the face without eyes, brows and lips; neck, ears, shoulders.

    Outside the face that is what the face's own colours explain, and what hangs together with it.
    """
    like = _without_hair(_skin_like(study) * study.person, hair)
    outside = np.asarray(like * _reached(study, (like > 0.5) | study.oval), np.float32)
    bare = study.fitted(outside)
    bare = np.asarray(np.maximum(bare, study.softened(_throat(study, bare > 0.4), 1.0)) * study.person, np.float32)
    face = _without_hair(study.softened(study.oval), hair)
    return np.asarray(np.maximum(bare * ~study.oval, face) * (1 - study.softened(_features(study))), np.float32)


def clothes(study: Study, hair: Soft | None) -> Soft:
    """How much of each of the study's pixels is worn: the person below the chin but for hair and skin."""
    import cv2

    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    below = np.clip((down - CHIN + 0.12 * aside) / 0.05, 0, 1) * np.clip(study.away / 0.03 - 0.5, 0, 1)
    # Small patches of skin's colour on a cloth are cloth (a seam, an emblem).
    bare = np.asarray(cv2.morphologyEx(skin(study, hair), cv2.MORPH_OPEN, study.kernel(0.04)), np.float32)
    return np.asarray(_without_hair(study.person * (1 - bare), hair) * below, np.float32)


def attached(study: Study, worn: Soft) -> Soft:
    """What is worn without the pieces that don't hang together with this person's chest: those are a neighbour's."""
    import cv2

    # What only a narrow bridge joins is no part of the other.
    core = cv2.morphologyEx((worn > 0.5).astype(np.uint8), cv2.MORPH_OPEN, study.kernel(0.08))
    _, labels = cv2.connectedComponents(core)
    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    chest = labels[(down > CHIN) & (down < 2) & (aside < 0.8)]
    own = np.bincount(chest, minlength=int(labels.max()) + 1) > 0
    own[0] = False
    # Of a face without a chest in the picture nothing is known.
    return np.asarray(worn * study.widened(own[labels], 0.1), np.float32) if own.any() else worn


def owner(heads: Sequence[Head], at: Soft) -> Sequence[Flags]:
    """Whose each place (height × width × 2: x, y in the picture) is: for each head, where it is the nearest one.

    Distances are measured from each chest, and count less by the root of the head's size: somebody near is larger,
    but not everything between two people is theirs.
    """
    chests = [_distance(head, at) for head in heads]
    nearest = np.argmin(np.stack(chests), axis=0)
    return [nearest == number for number in range(len(heads))]


def _distance(head: Head, at: Soft) -> Soft:
    place = head.seen_from(at)
    # People stand beside each other more than above each other.
    away = np.hypot(place[..., 0], (place[..., 1] - 0.5) / 3)
    return np.asarray(away * math.sqrt(head.size), np.float32)


def _skin_like(study: Study) -> Soft:
    """How well the face's own skin explains each pixel's colour, 0–1; gaps closed."""
    import cv2

    model = study.skin
    if model is None:
        return np.zeros(study.person.shape, np.float32)
    likely = model.likely(study.lab)
    own = np.percentile(likely[study.oval & ~study.features], 10)
    odds = likely - np.float32(own)
    worn = _worn(study, odds)
    if worn is not None:
        odds = np.minimum(odds + 2, likely - worn.likely(study.lab))
    likeness = np.asarray(1 / (1 + np.exp(-np.clip(odds, -12, 12))), np.float32)
    return np.asarray(cv2.morphologyEx(likeness, cv2.MORPH_CLOSE, study.kernel(0.03)), np.float32)


def _worn(study: Study, odds: Soft) -> Mixture | None:
    return study.colours((study.place[..., 1] > 0.9) & (study.person > 0.8) & (odds < -2), 3)


def _without_hair(mask: Soft, hair: Soft | None) -> Soft:
    return mask if hair is None else np.asarray(mask * (1 - hair), np.float32)


def _reached(study: Study, flags: Flags) -> Flags:
    """Those flags that the face's are connected with, and what is next to them."""
    import cv2

    core = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(core)
    reached = np.bincount(labels[study.oval], minlength=int(labels.max()) + 1) > 0
    reached[0] = False
    return study.widened(reached[labels], 0.02)


def _throat(study: Study, bare: Flags) -> Flags:
    """What face and throat enclose: the chin's shadow lies on skin."""
    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    below = ~study.oval & (down > 0.3) & (down < 1.1) & (aside < 0.5)
    return np.asarray(study.enclosed(bare | study.oval, 0.03) & below)


def _features(study: Study) -> Flags:
    drawn = np.zeros(study.oval.shape, np.bool_)
    for outline in (*study.head.eyes, study.head.lips):
        drawn |= study.filled(outline)
    return study.widened(drawn, 0.03)
