"""Hair, skin and clothes of one person, told apart by their colours.

Colours are mixtures of Gaussians, fitted by expectation-maximisation: the same samples give the same mixture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.landmarks import Head, Outline
from nano_banana.faces.person_mask import Pixels, SoftMask, Window, guided_filter, window_on

_MAX_SAMPLES = 3000
"""Samples that are looked at; of more, every n-th."""

_ROUNDS = 12
_VARIANCE_FLOOR = 6.0
"""Added to each cloud's variances (squared units of 8-bit Lab): noise that a narrower cloud would not forgive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourMixture:
    """Weights (k), means (k × n) and inverted covariances (k × n × n) of k clouds, and each one's log of scale."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    inverse: NDArray[np.float64]
    scale: NDArray[np.float64]

    def likely(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log of the density at each of `values` (… × n)."""
        return np.asarray(_logsum(self.parts(values)), np.float32)

    def parts(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for each cloud alone: … × k."""
        logs = []
        for weight, mean, inverse, scale in zip(self.weights, self.means, self.inverse, self.scale, strict=True):
            away = values - mean.astype(np.float32)
            far = ((away @ inverse.astype(np.float32)) * away).sum(axis=-1)
            logs.append(np.float32(np.log(weight) + scale) - far / 2)
        return np.stack(logs, axis=-1).astype(np.float32)


def fit_mixture(samples: NDArray[np.float32], clouds: int) -> ColourMixture:
    """The mixture of at most `clouds` Gaussians that explains `samples` (m × n, m ≥ 1), by expectation-maximisation.

    It begins with slices of equal size along the first channel.
    """
    points = np.asarray(samples[:: max(1, -(-len(samples) // _MAX_SAMPLES))], np.float64)
    clouds = max(1, min(clouds, len(points) // 20))
    order = np.argsort(points[:, 0], kind="stable")
    share = np.zeros((len(points), clouds))
    for cloud, slice_ in enumerate(np.array_split(order, clouds)):
        share[slice_, cloud] = 1
    mixture = _mixture_of(points, share)
    for _ in range(_ROUNDS if clouds > 1 else 0):
        logs = mixture.parts(points.astype(np.float32)).astype(np.float64)
        mixture = _mixture_of(points, np.exp(logs - _logsum(logs)[:, None]))
    return mixture


def _mixture_of(samples: NDArray[np.float64], share: NDArray[np.float64]) -> ColourMixture:
    total = share.sum(axis=0) + 1e-9
    means = (share.T @ samples) / total[:, None]
    count = samples.shape[1]
    covariances = np.empty((share.shape[1], count, count))
    for cloud in range(share.shape[1]):
        away = samples - means[cloud]
        covariances[cloud] = (away * share[:, cloud, None]).T @ away / total[cloud] + np.eye(count) * _VARIANCE_FLOOR
    scale = -(np.linalg.slogdet(covariances)[1] + count * np.log(2 * np.pi)) / 2
    weights = total / total.sum()
    return ColourMixture(
        weights=weights, means=means, inverse=np.asarray(np.linalg.inv(covariances), np.float64), scale=scale
    )


def _logsum(logs: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float64]:
    most = logs.max(axis=-1)
    return np.asarray(most + np.log(np.exp(logs - most[..., None]).sum(axis=-1)), np.float64)


OVAL_DIAMETER = 200
"""Pixels of the study that a face's oval is wide on average: colours need no more."""

HAIR_REACH = (1.8, 1.6, 2.3)
"""How far a study goes from the oval's middle, in diameters: to the sides, up, down."""

SKIN_REACH = (2.6, 1.6, 4.0)
"""The same for skin: as far as it hangs together with a face's, as a rule."""

CLOTHES_REACH = (4.5, 1.6, 10.0)
"""The same for what a body wears, from the chin to the feet."""

_MAX_PIXELS = 500_000
"""Pixels of a study."""

Flags = NDArray[np.bool_]


class HeadAnalysis:
    """The pixels around a face, all of one size: `rgb`, and `person`, how much of each is somebody."""

    def __init__(self, *, head: Head, view: Window, rgb: Pixels, person: SoftMask) -> None:
        """Study what `view` shows of a picture; nothing is looked for before it is asked for."""
        self.head = head
        self.view = view
        self.rgb = rgb
        self.person = person

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """Colours as CIE L*a*b*: L 0–100, a and b about ±100; a little smoothed, so that grain is no colour."""
        import cv2

        smooth = cv2.GaussianBlur(self.rgb, (0, 0), 1.0)
        return np.asarray(cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)

    @cached_property
    def place(self) -> NDArray[np.float32]:
        """Right and down from the oval's middle as the head sees it, in its mean diameters: height × width × 2."""
        return self.head.seen_from(self.view.grid())

    @cached_property
    def oval(self) -> Flags:
        """Inside the face's oval."""
        return self.filled(self.head.oval)

    @cached_property
    def features(self) -> Flags:
        """Eyes, brows and lips, a little widened."""
        drawn = np.zeros(self.oval.shape, np.bool_)
        for outline in (*self.head.eyes, *self.head.brows, self.head.lips):
            drawn |= self.filled(outline)
        return self.widened(drawn, 0.03)

    @cached_property
    def away(self) -> SoftMask:
        """How far outside the oval, in diameters; 0 within."""
        import cv2

        far = cv2.distanceTransform((~self.oval).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(far / np.float32(self.diameter), np.float32)

    @property
    def diameter(self) -> float:
        """The oval's mean diameter in pixels of the study."""
        return self.head.size * self.view.width / (self.view.right - self.view.left)

    def fitted(self, mask: SoftMask) -> SoftMask:
        """The mask with its edges where the study's colours have theirs, a little steeper."""
        import cv2

        smooth = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), np.float32)
        fine = guided_filter(self.rgb.astype(np.float32) / np.float32(255), smooth)
        return np.asarray(np.clip((fine - 0.25) / 0.5, 0, 1), np.float32)

    def softened(self, flags: Flags, deviation: float = 1.5) -> SoftMask:
        """Flags as a mask with soft edges; the blur's standard deviation in pixels of the study."""
        import cv2

        return np.asarray(cv2.GaussianBlur(flags.astype(np.float32), (0, 0), deviation), np.float32)

    def enclosed(self, flags: Flags, gap: float) -> Flags:
        """The flags and what they enclose, where gaps up to two `gap` (diameters) wide count as closed."""
        import cv2

        around = np.pad(cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_CLOSE, self.kernel(gap)), 1)
        cv2.floodFill(around, None, (0, 0), 2)
        return np.asarray(around[1:-1, 1:-1] != 2)

    def specks(self, flags: Flags, most: float) -> Flags:
        """Those parts of the flags that have at most `most` squares of the diameter; threads connect nothing."""
        import cv2

        thick = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, self.kernel(0.015))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(thick)
        few = stats[:, cv2.CC_STAT_AREA] <= most * self.diameter**2
        few[0] = False
        return np.asarray(few[labels])

    def filled(self, outline: Outline) -> Flags:
        """Inside an outline of the picture."""
        import cv2

        drawn = np.zeros(self.rgb.shape[:2], np.uint8)
        cv2.fillPoly(drawn, [np.round(self.view.inside(outline) * 16).astype(np.int32)], 1, shift=4)
        return drawn > 0

    def widened(self, flags: Flags, by: float) -> Flags:
        """The flags and what is at most `by` diameters away from them."""
        import cv2

        return np.asarray(cv2.dilate(flags.astype(np.uint8), self.kernel(by)) > 0)

    def kernel(self, radius: float) -> Pixels:
        """A disc of a radius in diameters (at least one pixel), for OpenCV's morphology."""
        import cv2

        side = 2 * max(1, round(radius * self.diameter)) + 1
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)

    def colours(self, flags: Flags, clouds: int) -> ColourMixture | None:
        """The colours of these pixels, or None where there are too few."""
        samples = self.lab[flags]
        return fit_mixture(samples, clouds) if len(samples) >= 40 else None

    @cached_property
    def skin(self) -> ColourMixture | None:
        """The colours of cheeks, nose and chin: what is neither a feature nor, likely, a fringe or a beard's edge."""
        down = self.place[..., 1]
        seeds = self.oval & ~self.widened(~self.oval, 0.05) & ~self.features & (down > -0.22)
        light = self.lab[..., 0]
        if seeds.sum() < 40:
            return None
        # Glasses, nostrils and gloss are neither skin nor its shadow.
        low, high = np.percentile(light[seeds], (8, 97))
        return self.colours(seeds & (light >= low) & (light <= high), 2)


def analyze_head(
    rgb: Pixels, head: Head, person: tuple[Window, SoftMask], reach: tuple[float, float, float] = HAIR_REACH
) -> HeadAnalysis:
    """Look closely at `head` in an RGB picture whose people are `person`."""
    import cv2

    size, middle = head.size, head.oval.mean(axis=0)
    aside, up, below = (part * size for part in reach)
    x, y = float(middle[0]), float(middle[1])
    box = (x - aside, y - up, x + aside, y + below)
    view = window_on((rgb.shape[1], rgb.shape[0]), box, scale=OVAL_DIAMETER / max(size, 1.0), most=_MAX_PIXELS)
    overview, matte = person
    at = overview.inside(view.grid()) - np.float32(0.5)
    seen = cv2.remap(matte, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return HeadAnalysis(head=head, view=view, rgb=view.cut(rgb), person=np.asarray(seen, np.float32))


MIN_HAIR = 0.02
"""Less hair than this, in squares of the oval's diameter, is none: a bald head, or one that a hat covers."""

_NICK = 0.06
"""The largest speck above the face, in squares of the diameter, that is neither a hat nor a hand."""


def hair_mask(study: HeadAnalysis) -> SoftMask | None:
    """How much of each of the study's pixels is hair, or None where there is none to be seen.

    Three mixtures of colours are asked: hair (seen in a band above the oval), skin (cheeks, nose, chin) and what
    is worn (below the chin); a pixel of the person is hair where hair explains it best and a chain of such pixels
    leads to the band. Raises nothing.
    """
    odds = _hair_odds(study)
    if odds is None:
        return None
    likely = (1 / (1 + np.exp(-np.clip(odds, -12, 12)))).astype(np.float32) * study.person * _hair_room(study)
    kept = _without_gaps(study, likely * _connected(study, likely))
    soft = (
        study.fitted(_without_hairlines(study, kept)) * np.clip(study.person * 1.5, 0, 1) * _hair_room(study)
    ).astype(np.float32)
    return soft if float(soft.sum()) >= MIN_HAIR * study.diameter**2 else None


def _hair_band(study: HeadAnalysis) -> Flags:
    """Where hair is as a rule: above and beside the upper half of the oval."""
    near = (study.away > 0.05) & (study.away < 0.30)
    return near & (study.place[..., 1] < -0.2) & (study.person > 0.7)


def _hair_odds(study: HeadAnalysis) -> SoftMask | None:
    """The log of how much likelier hair is than anything else a person shows."""
    skin, band = study.skin, _hair_band(study)
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


def _hair_room(study: HeadAnalysis) -> SoftMask:
    """Where there may be hair at all: not on the face below the brows, nor far from the head."""
    down, away = study.place[..., 1], study.away
    brow = max(float(study.head.seen_from(outline)[:, 1].mean()) for outline in study.head.brows)
    fringe = np.clip((brow - 0.02 - down) / 0.06, 0, 1)
    inside = np.where(study.oval, fringe, 1)
    far = np.clip((np.where(down < 0, 0.95, 1.3) - away) / 0.2, 0, 1)
    return np.asarray(inside * far, np.float32)


def _connected(study: HeadAnalysis, likely: SoftMask) -> Flags:
    """The parts of what is likely hair that the band reaches, and that are not just dots."""
    import cv2

    core = cv2.morphologyEx((likely > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(core)
    if count < 2:
        return np.zeros(likely.shape, np.bool_)
    inside = np.bincount(labels[_hair_band(study)], minlength=count)
    keep = inside >= 0.01 * study.diameter**2
    keep[0] = False
    return study.widened(keep[labels], 0.02)


def _without_gaps(study: HeadAnalysis, hair: SoftMask) -> SoftMask:
    """The hair without holes: gloss that hair and face enclose is hair as well, and so are nicks in its outline."""
    above = (study.place[..., 1] < -0.3) & (study.person > 0.7) & ~study.oval
    holes = study.enclosed((hair > 0.4) | study.oval, 0.1) & above
    holes |= study.specks(above & (hair <= 0.4) & ~holes, _NICK)
    return np.asarray(np.maximum(hair, study.widened(holes, 0.02) * study.person), np.float32)


def _without_hairlines(study: HeadAnalysis, mask: SoftMask) -> SoftMask:
    """The mask without hairlines."""
    import cv2

    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, study.kernel(0.02)), np.float32)


CHIN_DISTANCE = 0.5
"""Where the chin is: how far below the oval's middle, in diameters."""


def skin_mask(study: HeadAnalysis, hair: SoftMask | None) -> SoftMask:
    """How much of each of the study's pixels is skin: the face without eyes, brows and lips; neck, ears, shoulders.

    Outside the face that is what the face's own colours explain, and what hangs together with it.
    """
    like = _without_hair(_skin_like(study) * study.person, hair)
    outside = np.asarray(like * _reached_from_face(study, (like > 0.5) | study.oval), np.float32)
    bare = study.fitted(outside)
    bare = np.asarray(np.maximum(bare, study.softened(_throat(study, bare > 0.4), 1.0)) * study.person, np.float32)
    face = _without_hair(study.softened(study.oval), hair)
    return np.asarray(np.maximum(bare * ~study.oval, face) * (1 - study.softened(_features(study))), np.float32)


def clothes_mask(study: HeadAnalysis, hair: SoftMask | None) -> SoftMask:
    """How much of each of the study's pixels is worn: the person below the chin but for hair and skin."""
    import cv2

    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    below = np.clip((down - CHIN_DISTANCE + 0.12 * aside) / 0.05, 0, 1) * np.clip(study.away / 0.03 - 0.5, 0, 1)
    # Small patches of skin's colour on a cloth are cloth (a seam, an emblem).
    bare = np.asarray(cv2.morphologyEx(skin_mask(study, hair), cv2.MORPH_OPEN, study.kernel(0.04)), np.float32)
    return np.asarray(_without_hair(study.person * (1 - bare), hair) * below, np.float32)


def clothes_of_this_person(study: HeadAnalysis, worn: SoftMask) -> SoftMask:
    """What is worn without the pieces that don't hang together with this person's chest: those are a neighbour's."""
    import cv2

    # What only a narrow bridge joins is no part of the other.
    core = cv2.morphologyEx((worn > 0.5).astype(np.uint8), cv2.MORPH_OPEN, study.kernel(0.08))
    _, labels = cv2.connectedComponents(core)
    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    chest = labels[(down > CHIN_DISTANCE) & (down < 2) & (aside < 0.8)]
    own = np.bincount(chest, minlength=int(labels.max()) + 1) > 0
    own[0] = False
    # Of a face without a chest in the picture nothing is known.
    return np.asarray(worn * study.widened(own[labels], 0.1), np.float32) if own.any() else worn


def nearest_heads(heads: Sequence[Head], at: SoftMask) -> Sequence[Flags]:
    """Whose each place (height × width × 2: x, y in the picture) is: for each head, where it is the nearest one.

    Distances are measured from each chest, and count less by the root of the head's size: somebody near is larger,
    but not everything between two people is theirs.
    """
    chests = [_distance_from_chest(head, at) for head in heads]
    nearest = np.argmin(np.stack(chests), axis=0)
    return [nearest == number for number in range(len(heads))]


def _distance_from_chest(head: Head, at: SoftMask) -> SoftMask:
    place = head.seen_from(at)
    # People stand beside each other more than above each other.
    away = np.hypot(place[..., 0], (place[..., 1] - 0.5) / 3)
    return np.asarray(away * math.sqrt(head.size), np.float32)


def _skin_like(study: HeadAnalysis) -> SoftMask:
    """How well the face's own skin explains each pixel's colour, 0–1; gaps closed."""
    import cv2

    model = study.skin
    if model is None:
        return np.zeros(study.person.shape, np.float32)
    likely = model.likely(study.lab)
    own = np.percentile(likely[study.oval & ~study.features], 10)
    odds = likely - np.float32(own)
    worn = _clothes_colours(study, odds)
    if worn is not None:
        odds = np.minimum(odds + 2, likely - worn.likely(study.lab))
    likeness = np.asarray(1 / (1 + np.exp(-np.clip(odds, -12, 12))), np.float32)
    return np.asarray(cv2.morphologyEx(likeness, cv2.MORPH_CLOSE, study.kernel(0.03)), np.float32)


def _clothes_colours(study: HeadAnalysis, odds: SoftMask) -> ColourMixture | None:
    return study.colours((study.place[..., 1] > 0.9) & (study.person > 0.8) & (odds < -2), 3)


def _without_hair(mask: SoftMask, hair: SoftMask | None) -> SoftMask:
    return mask if hair is None else np.asarray(mask * (1 - hair), np.float32)


def _reached_from_face(study: HeadAnalysis, flags: Flags) -> Flags:
    """Those flags that the face's are connected with, and what is next to them."""
    import cv2

    core = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(core)
    reached = np.bincount(labels[study.oval], minlength=int(labels.max()) + 1) > 0
    reached[0] = False
    return study.widened(reached[labels], 0.02)


def _throat(study: HeadAnalysis, bare: Flags) -> Flags:
    """What face and throat enclose: the chin's shadow lies on skin."""
    down, aside = study.place[..., 1], np.abs(study.place[..., 0])
    below = ~study.oval & (down > 0.3) & (down < 1.1) & (aside < 0.5)
    return np.asarray(study.enclosed(bare | study.oval, 0.03) & below)


def _features(study: HeadAnalysis) -> Flags:
    drawn = np.zeros(study.oval.shape, np.bool_)
    for outline in (*study.head.eyes, study.head.lips):
        drawn |= study.filled(outline)
    return study.widened(drawn, 0.03)
