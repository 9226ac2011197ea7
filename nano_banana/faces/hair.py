"""Hair: coloured as the band above a face, and hanging together with it."""

from __future__ import annotations

import numpy as np

from nano_banana.faces.study import Flags, Study
from nano_banana.faces.window import Soft

LEAST = 0.02
"""Less hair than this, in squares of the oval's diameter, is none: a bald head, or one that a hat covers."""

_NICK = 0.06
"""The largest speck above the face, in squares of the diameter, that is neither a hat nor a hand."""


def hair(study: Study) -> Soft | None:
    """How much of each of the study's pixels is hair, or None where there is none to be seen.

    Three mixtures of colours are asked: hair (seen in a band above the oval), skin (cheeks, nose, chin) and what
    is worn (below the chin); a pixel of the person is hair where hair explains it best and a chain of such pixels
    leads to the band. Raises nothing.
    """
    odds = _odds(study)
    if odds is None:
        return None
    likely = (1 / (1 + np.exp(-np.clip(odds, -12, 12)))).astype(np.float32) * study.person * _room(study)
    kept = _whole(study, likely * _connected(study, likely))
    soft = (study.fitted(_closed(study, kept)) * np.clip(study.person * 1.5, 0, 1) * _room(study)).astype(np.float32)
    return soft if float(soft.sum()) >= LEAST * study.diameter**2 else None


def _band(study: Study) -> Flags:
    """Where hair is as a rule: above and beside the upper half of the oval."""
    near = (study.away > 0.05) & (study.away < 0.30)
    return near & (study.place[..., 1] < -0.2) & (study.person > 0.7)


def _odds(study: Study) -> Soft | None:
    """The log of how much likelier hair is than anything else a person shows."""
    skin, band = study.skin, _band(study)
    if skin is None:
        return None
    likely_skin = skin.likely(study.lab)
    own = np.percentile(likely_skin[study.oval & ~study.features], 12)
    model = study.colours(band & (likely_skin < own), 3)
    if model is None:
        return None
    down = study.place[..., 1]
    other = likely_skin
    worn = study.colours((down > 0.85) & (study.person > 0.8) & (likely_skin < own), 3)
    if worn is not None:
        # Dark hair and a dark collar look the same: what is below the chin and not near the face is worn.
        lean = np.clip((down - 0.35) * 8, -12, 6).astype(np.float32)
        other = np.maximum(other, worn.likely(study.lab) + lean)
    return np.asarray(model.likely(study.lab) - other, np.float32)


def _room(study: Study) -> Soft:
    """Where there may be hair at all: not on the face below the brows, nor far from the head."""
    down, away = study.place[..., 1], study.away
    brow = max(float(study.head.seen_from(outline)[:, 1].mean()) for outline in study.head.brows)
    fringe = np.clip((brow - 0.02 - down) / 0.06, 0, 1)
    inside = np.where(study.oval, fringe, 1)
    far = np.clip((np.where(down < 0, 0.95, 1.3) - away) / 0.2, 0, 1)
    return np.asarray(inside * far, np.float32)


def _connected(study: Study, likely: Soft) -> Flags:
    """The parts of what is likely hair that the band reaches, and that are not just dots."""
    import cv2

    core = cv2.morphologyEx((likely > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(core)
    if count < 2:
        return np.zeros(likely.shape, np.bool_)
    inside = np.bincount(labels[_band(study)], minlength=count)
    keep = inside >= 0.01 * study.diameter**2
    keep[0] = False
    return study.widened(keep[labels], 0.02)


def _whole(study: Study, hair: Soft) -> Soft:
    """The hair without holes: gloss that hair and face enclose is hair as well, and so are nicks in its outline."""
    above = (study.place[..., 1] < -0.3) & (study.person > 0.7) & ~study.oval
    holes = study.enclosed((hair > 0.4) | study.oval, 0.1) & above
    holes |= study.specks(above & (hair <= 0.4) & ~holes, _NICK)
    return np.asarray(np.maximum(hair, study.widened(holes, 0.02) * study.person), np.float32)


def _closed(study: Study, mask: Soft) -> Soft:
    """The mask without hairlines."""
    import cv2

    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, study.kernel(0.02)), np.float32)
