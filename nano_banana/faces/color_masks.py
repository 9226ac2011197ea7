"""Hair, skin and clothes of one person, told apart by their colours.

Colours are mixtures of Gaussians, fitted by expectation-maximisation: the same samples give the same mixture. Imports
OpenCV, so it is itself imported on demand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nano_banana.faces.landmarks import Head, Outline
from nano_banana.faces.person_mask import Pixels, SoftMask, Window, guided_filter, window_on

_MAX_SAMPLES = 3000
"""Samples that are used; of more, every n-th."""

_ROUNDS = 12
_VARIANCE_FLOOR = 6.0
"""Added to each cloud's variances (squared units of 8-bit Lab), to allow for noise."""


class ColourMixture(Struct, frozen=True, kw_only=True):
    """Weights (k), means (k × n), inverse covariances (k × n × n) and log scales (k) of k Gaussians."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    inverse: NDArray[np.float64]
    scale: NDArray[np.float64]

    def log_density(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log of the density at each of `values` (… × n)."""
        return np.asarray(_logsum(self.parts(values)), np.float32)

    def parts(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The log of the weighted density for each Gaussian: … × k."""
        logs = []
        for weight, mean, inverse, scale in zip(self.weights, self.means, self.inverse, self.scale, strict=True):
            away = values - mean.astype(np.float32)
            far = ((away @ inverse.astype(np.float32)) * away).sum(axis=-1)
            logs.append(np.float32(np.log(weight) + scale) - far / 2)
        return np.stack(logs, axis=-1).astype(np.float32)


def fit_mixture(samples: NDArray[np.float32], clouds: int) -> ColourMixture:
    """Fit at most `clouds` Gaussians to `samples` (m × n, m ≥ 1) by expectation-maximisation.

    It starts with slices of equal size along the first channel.
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
"""The mean diameter of a face's oval in analysed pixels; colours need no more."""

REACHES = {"hair": (1.8, 1.6, 2.3), "skin": (2.6, 1.6, 4.0), "clothes": (4.5, 1.6, 10.0)}
"""How far the analysed region reaches from the oval's centre, in diameters: to the sides, up, down."""

_MAX_PIXELS = 500_000
"""Analysed pixels, at most."""

Flags = NDArray[np.bool_]


class HeadAnalysis:
    """The pixels around a face: `rgb`, and `person`, a mask of people. Results are computed on first use."""

    def __init__(self, *, head: Head, view: Window, rgb: Pixels, person: SoftMask) -> None:
        """Analyse what `view` shows of a picture."""
        self.head = head
        self.view = view
        self.rgb = rgb
        self.person = person

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """Colours as CIE L*a*b*: L 0–100, a and b about ±100; slightly smoothed against grain."""
        smooth = cv2.GaussianBlur(self.rgb, (0, 0), 1.0)
        return np.asarray(cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)

    @cached_property
    def head_coordinates(self) -> NDArray[np.float32]:
        """Each pixel's head coordinates: height × width × 2 (see `Head.to_head_coordinates`)."""
        return self.head.to_head_coordinates(self.view.pixel_centres())

    @cached_property
    def oval(self) -> Flags:
        """Inside the face's oval."""
        return self.filled(self.head.oval)

    @cached_property
    def features(self) -> Flags:
        """Eyes, brows and lips, a little widened."""
        return self.outlined((*self.head.eyes, *self.head.brows, self.head.lips))

    def outlined(self, outlines: Sequence[Outline]) -> Flags:
        """Inside any of these outlines, a little widened."""
        drawn = np.zeros(self.oval.shape, np.bool_)
        for outline in outlines:
            drawn |= self.filled(outline)
        return self.widened(drawn, 0.03)

    @cached_property
    def outside_distance(self) -> SoftMask:
        """The distance outside the oval, in diameters; 0 inside."""
        far = cv2.distanceTransform((~self.oval).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(far / np.float32(self.diameter), np.float32)

    @property
    def diameter(self) -> float:
        """The oval's mean diameter in analysed pixels."""
        return self.head.size * self.view.width / (self.view.right - self.view.left)

    def snapped_to_edges(self, mask: SoftMask) -> SoftMask:
        """The mask with its edges moved to the edges of the colours, a little steeper."""
        smooth = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), np.float32)
        fine = guided_filter(self.rgb.astype(np.float32) / np.float32(255), smooth)
        return np.asarray(np.clip((fine - 0.25) / 0.5, 0, 1), np.float32)

    def softened(self, flags: Flags, deviation: float = 1.5) -> SoftMask:
        """The flags as a mask with soft edges; `deviation` is the blur's standard deviation in pixels."""
        return np.asarray(cv2.GaussianBlur(flags.astype(np.float32), (0, 0), deviation), np.float32)

    def enclosed(self, flags: Flags, gap: float) -> Flags:
        """The flags and what they enclose, if gaps of up to two `gap` (diameters) count as closed."""
        around = np.pad(cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_CLOSE, self.kernel(gap)), 1)
        cv2.floodFill(around, None, (0, 0), 2)
        return np.asarray(around[1:-1, 1:-1] != 2)

    def small_parts(self, flags: Flags, most: float) -> Flags:
        """The connected parts of at most `most` squared diameters; thin bridges don't connect."""
        thick = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, self.kernel(0.015))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(thick)
        few = stats[:, cv2.CC_STAT_AREA] <= most * self.diameter**2
        few[0] = False
        return np.asarray(few[labels])

    def filled(self, outline: Outline) -> Flags:
        """Inside an outline in pixels of the picture."""
        drawn = np.zeros(self.rgb.shape[:2], np.uint8)
        cv2.fillPoly(drawn, [np.round(self.view.to_window(outline) * 16).astype(np.int32)], 1, shift=4)
        return drawn > 0

    def widened(self, flags: Flags, by: float) -> Flags:
        """The flags and all pixels within `by` diameters of them."""
        return np.asarray(cv2.dilate(flags.astype(np.uint8), self.kernel(by)) > 0)

    def closed(self, mask: SoftMask, gap: float) -> SoftMask:
        """The mask without gaps (hairlines) of up to two `gap` (diameters)."""
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self.kernel(gap)), np.float32)

    def kernel(self, radius: float) -> Pixels:
        """A disc of a radius in diameters (at least one pixel), for OpenCV's morphology."""
        side = 2 * max(1, round(radius * self.diameter)) + 1
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)

    def colours(self, flags: Flags, clouds: int) -> ColourMixture | None:
        """The mixture of these pixels' colours; None if there are too few."""
        samples = self.lab[flags]
        return fit_mixture(samples, clouds) if len(samples) >= 40 else None

    @cached_property
    def skin(self) -> ColourMixture | None:
        """The colours of cheeks, nose and chin, without features, fringe or the edge of a beard."""
        down = self.head_coordinates[..., 1]
        seeds = self.oval & ~self.widened(~self.oval, 0.05) & ~self.features & (down > -0.22)
        light = self.lab[..., 0]
        if seeds.sum() < 40:
            return None
        # Leaves out glasses, nostrils and gloss.
        low, high = np.percentile(light[seeds], (8, 97))
        return self.colours(seeds & (light >= low) & (light <= high), 2)


def analyze_head(
    rgb: Pixels, head: Head, person: tuple[Window, SoftMask], reach: tuple[float, float, float]
) -> HeadAnalysis:
    """Analyse the region of `head` in an RGB picture whose people mask is `person`."""
    size, middle = head.size, head.oval.mean(axis=0)
    aside, up, below = (part * size for part in reach)
    x, y = float(middle[0]), float(middle[1])
    box = (x - aside, y - up, x + aside, y + below)
    view = window_on((rgb.shape[1], rgb.shape[0]), box, scale=OVAL_DIAMETER / max(size, 1.0), most=_MAX_PIXELS)
    overview, matte = person
    at = overview.to_window(view.pixel_centres()) - np.float32(0.5)
    seen = cv2.remap(matte, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return HeadAnalysis(head=head, view=view, rgb=view.crop(rgb), person=np.asarray(seen, np.float32))


MIN_HAIR = 0.02
"""The least area of hair, in squared diameters of the oval; below it a head is bald or covered by a hat."""

_NICK = 0.06
"""The largest gap above the face, in squared diameters, that isn't a hat or a hand."""


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
    kept = likely * _connected(study, likely > 0.5, _hair_band(study), least=0.01 * study.diameter**2)
    whole = study.closed(_without_gaps(study, kept), 0.02)
    soft = (study.snapped_to_edges(whole) * np.clip(study.person * 1.5, 0, 1) * _hair_room(study)).astype(np.float32)
    return soft if float(soft.sum()) >= MIN_HAIR * study.diameter**2 else None


def _hair_band(study: HeadAnalysis) -> Flags:
    """Where hair usually is: above and beside the upper half of the oval."""
    near = (study.outside_distance > 0.05) & (study.outside_distance < 0.30)
    return near & (study.head_coordinates[..., 1] < -0.2) & (study.person > 0.7)


def _hair_odds(study: HeadAnalysis) -> SoftMask | None:
    """The log of the odds of hair against skin and clothes."""
    skin, band = study.skin, _hair_band(study)
    if skin is None:
        return None
    likely_skin = skin.log_density(study.lab)
    own = np.percentile(likely_skin[study.oval & ~study.features], 12)
    model = study.colours(band & (likely_skin < own), 3)
    if model is None:
        return None
    down = study.head_coordinates[..., 1]
    other = likely_skin
    worn = study.colours((down > 0.85) & (study.person > 0.8) & (likely_skin < own), 3)
    if worn is not None:
        # Dark hair and a dark collar look the same, so pixels below the chin count as clothes.
        lean = np.clip((down - 0.35) * 8, -12, 6).astype(np.float32)
        other = np.maximum(other, worn.log_density(study.lab) + lean)
    return np.asarray(model.log_density(study.lab) - other, np.float32)


def _hair_room(study: HeadAnalysis) -> SoftMask:
    """Where hair is possible: not on the face below the brows, nor far from the head."""
    down, away = study.head_coordinates[..., 1], study.outside_distance
    brow = max(float(study.head.to_head_coordinates(outline)[:, 1].mean()) for outline in study.head.brows)
    fringe = np.clip((brow - 0.02 - down) / 0.06, 0, 1)
    inside = np.where(study.oval, fringe, 1)
    far = np.clip((np.where(down < 0, 0.95, 1.3) - away) / 0.2, 0, 1)
    return np.asarray(inside * far, np.float32)


def _connected(study: HeadAnalysis, flags: Flags, seeds: Flags, *, least: float = 1) -> Flags:
    """The connected parts of the flags with at least so many pixels among the seeds, a little widened."""
    core = cv2.morphologyEx(flags.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(core)
    keep = np.bincount(labels[seeds], minlength=count) >= least
    keep[0] = False
    return study.widened(keep[labels], 0.02)


def _without_gaps(study: HeadAnalysis, hair: SoftMask) -> SoftMask:
    """The hair without holes: gloss enclosed by hair and face, and nicks in its outline, are hair, too."""
    above = (study.head_coordinates[..., 1] < -0.3) & (study.person > 0.7) & ~study.oval
    holes = study.enclosed((hair > 0.4) | study.oval, 0.1) & above
    holes |= study.small_parts(above & (hair <= 0.4) & ~holes, _NICK)
    return np.asarray(np.maximum(hair, study.widened(holes, 0.02) * study.person), np.float32)


CHIN_DISTANCE = 0.5
"""The chin's distance below the oval's centre, in diameters."""


def skin_mask(study: HeadAnalysis, hair: SoftMask | None) -> SoftMask:
    """How much of each of the study's pixels is skin: the face without eyes, brows and lips; neck, ears, shoulders.

    Outside the face that is what the face's own colours explain, and what hangs together with it.
    """
    like = _without_hair(_skin_like(study) * study.person, hair)
    outside = np.asarray(like * _connected(study, (like > 0.5) | study.oval, study.oval), np.float32)
    bare = study.snapped_to_edges(outside)
    bare = np.asarray(np.maximum(bare, study.softened(_throat(study, bare > 0.4), 1.0)) * study.person, np.float32)
    face = _without_hair(study.softened(study.oval), hair)
    features = study.softened(study.outlined((*study.head.eyes, study.head.lips)))
    return np.asarray(np.maximum(bare * ~study.oval, face) * (1 - features), np.float32)


def clothes_mask(study: HeadAnalysis, hair: SoftMask | None) -> SoftMask:
    """How much of each of the study's pixels is worn: the person below the chin but for hair and skin."""
    down, aside = study.head_coordinates[..., 1], np.abs(study.head_coordinates[..., 0])
    outside = np.clip(study.outside_distance / 0.03 - 0.5, 0, 1)
    below = np.clip((down - CHIN_DISTANCE + 0.12 * aside) / 0.05, 0, 1) * outside
    # Small patches with the colour of skin are clothes (a seam, an emblem).
    bare = np.asarray(cv2.morphologyEx(skin_mask(study, hair), cv2.MORPH_OPEN, study.kernel(0.04)), np.float32)
    return np.asarray(_without_hair(study.person * (1 - bare), hair) * below, np.float32)


def clothes_of_this_person(study: HeadAnalysis, worn: SoftMask) -> SoftMask:
    """The clothes that are connected with this person's chest; others belong to a neighbour."""
    # Narrow bridges don't connect.
    core = cv2.morphologyEx((worn > 0.5).astype(np.uint8), cv2.MORPH_OPEN, study.kernel(0.08))
    _, labels = cv2.connectedComponents(core)
    down, aside = study.head_coordinates[..., 1], np.abs(study.head_coordinates[..., 0])
    chest = labels[(down > CHIN_DISTANCE) & (down < 2) & (aside < 0.8)]
    own = np.bincount(chest, minlength=int(labels.max()) + 1) > 0
    own[0] = False
    # Without a chest in the picture, all clothes count.
    return np.asarray(worn * study.widened(own[labels], 0.1), np.float32) if own.any() else worn


def nearest_heads(heads: Sequence[Head], at: SoftMask) -> Sequence[Flags]:
    """Whose each place (height × width × 2: x, y in the picture) is: for each head, where it is the nearest one.

    Distances are measured from each chest, and count less by the root of the head's size: somebody near is larger,
    but not everything between two people is theirs.
    """
    places = [head.to_head_coordinates(at) for head in heads]
    # People stand beside each other more than above each other.
    far = [
        np.hypot(place[..., 0], (place[..., 1] - 0.5) / 3) * math.sqrt(head.size)
        for head, place in zip(heads, places, strict=True)
    ]
    nearest = np.argmin(np.stack(far), axis=0)
    return [nearest == number for number in range(len(heads))]


def _skin_like(study: HeadAnalysis) -> SoftMask:
    """How similar each pixel's colour is to the face's skin, 0–1; gaps closed."""
    model = study.skin
    if model is None:
        return np.zeros(study.person.shape, np.float32)
    likely = model.log_density(study.lab)
    own = np.percentile(likely[study.oval & ~study.features], 10)
    odds = likely - np.float32(own)
    worn = study.colours((study.head_coordinates[..., 1] > 0.9) & (study.person > 0.8) & (odds < -2), 3)
    if worn is not None:
        odds = np.minimum(odds + 2, likely - worn.log_density(study.lab))
    likeness = np.asarray(1 / (1 + np.exp(-np.clip(odds, -12, 12))), np.float32)
    return study.closed(likeness, 0.03)


def _without_hair(mask: SoftMask, hair: SoftMask | None) -> SoftMask:
    return mask if hair is None else np.asarray(mask * (1 - hair), np.float32)


def _throat(study: HeadAnalysis, bare: Flags) -> Flags:
    """The region that face and throat enclose; the chin's shadow there is skin."""
    down, aside = study.head_coordinates[..., 1], np.abs(study.head_coordinates[..., 0])
    below = ~study.oval & (down > 0.3) & (down < 1.1) & (aside < 0.5)
    return np.asarray(study.enclosed(bare | study.oval, 0.03) & below)
