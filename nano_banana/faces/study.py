"""A head looked at closely: colours, places and outlines around one face."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nano_banana.faces.head import Head, Outline
from nano_banana.faces.mixture import Mixture, fit
from nano_banana.faces.person import guided
from nano_banana.faces.window import Pixels, Soft, Window, window

DIAMETER = 200
"""Pixels of the study that a face's oval is wide on average: colours need no more."""

CLOSE = (1.8, 1.6, 2.3)
"""How far a study goes from the oval's middle, in diameters: to the sides, up, down."""

BARE = (2.6, 1.6, 4.0)
"""The same for skin: as far as it hangs together with a face's, as a rule."""

WHOLE = (4.5, 1.6, 10.0)
"""The same for what a body wears, from the chin to the feet."""

_MOST = 500_000
"""Pixels of a study."""

Flags = NDArray[np.bool_]


class Study:
    """The pixels around a face, all of one size: `rgb`, and `person`, how much of each is somebody."""

    def __init__(self, *, head: Head, view: Window, rgb: Pixels, person: Soft) -> None:
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
    def away(self) -> Soft:
        """How far outside the oval, in diameters; 0 within."""
        import cv2

        far = cv2.distanceTransform((~self.oval).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(far / np.float32(self.diameter), np.float32)

    @property
    def diameter(self) -> float:
        """The oval's mean diameter in pixels of the study."""
        return self.head.size * self.view.width / (self.view.right - self.view.left)

    def fitted(self, mask: Soft) -> Soft:
        """The mask with its edges where the study's colours have theirs, a little steeper."""
        import cv2

        smooth = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), np.float32)
        fine = guided(self.rgb.astype(np.float32) / np.float32(255), smooth)
        return np.asarray(np.clip((fine - 0.25) / 0.5, 0, 1), np.float32)

    def softened(self, flags: Flags, deviation: float = 1.5) -> Soft:
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

    def colours(self, flags: Flags, clouds: int) -> Mixture | None:
        """The colours of these pixels, or None where there are too few."""
        samples = self.lab[flags]
        return fit(samples, clouds) if len(samples) >= 40 else None

    @cached_property
    def skin(self) -> Mixture | None:
        """The colours of cheeks, nose and chin: what is neither a feature nor, likely, a fringe or a beard's edge."""
        down = self.place[..., 1]
        seeds = self.oval & ~self.widened(~self.oval, 0.05) & ~self.features & (down > -0.22)
        light = self.lab[..., 0]
        if seeds.sum() < 40:
            return None
        # Glasses, nostrils and gloss are neither skin nor its shadow.
        low, high = np.percentile(light[seeds], (8, 97))
        return self.colours(seeds & (light >= low) & (light <= high), 2)


def study(rgb: Pixels, head: Head, person: tuple[Window, Soft], reach: tuple[float, float, float] = CLOSE) -> Study:
    """Look closely at `head` in an RGB picture whose people are `person`."""
    import cv2

    size, middle = head.size, head.oval.mean(axis=0)
    aside, up, below = (part * size for part in reach)
    x, y = float(middle[0]), float(middle[1])
    box = (x - aside, y - up, x + aside, y + below)
    view = window((rgb.shape[1], rgb.shape[0]), box, scale=DIAMETER / max(size, 1.0), most=_MOST)
    overview, matte = person
    at = overview.inside(view.grid()) - np.float32(0.5)
    seen = cv2.remap(matte, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Study(head=head, view=view, rgb=view.cut(rgb), person=np.asarray(seen, np.float32))
