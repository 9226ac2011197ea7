"""A part of a picture, looked at in a size of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Soft = NDArray[np.float32]
"""A soft mask, 0–1, height × width."""

Kind = TypeVar("Kind", np.uint8, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The picture's pixels from (left, top) up to (right, bottom), seen as `width` × `height` pixels."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int

    def cut(self, rgb: Pixels) -> Pixels:
        """What the window shows of an RGB picture."""
        return np.ascontiguousarray(_scaled(rgb[self.top : self.bottom, self.left : self.right], self.size))

    def laid(self, seen: Soft) -> Pixels:
        """A mask of what is seen in the picture's own pixels, 0–255, as large as the window's part of it."""
        whole = _scaled(seen.astype(np.float32), (self.right - self.left, self.bottom - self.top))
        # In place: a window may be as large as the largest picture.
        np.clip(whole, 0, 1, out=whole)
        whole *= 255
        whole += 0.5
        return whole.astype(np.uint8)

    def inside(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the picture (… × 2) as the window's."""
        corner = np.array([self.left, self.top], np.float32)
        return np.asarray((points - corner) * np.array(self._per_pixel, np.float32), np.float32)

    def grid(self) -> NDArray[np.float32]:
        """Where in the picture the middles of the window's pixels are: height × width × 2 (x, y)."""
        across, down = self._per_pixel
        x = self.left + (np.arange(self.width, dtype=np.float32) + np.float32(0.5)) / np.float32(across)
        y = self.top + (np.arange(self.height, dtype=np.float32) + np.float32(0.5)) / np.float32(down)
        return np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as seen."""
        return self.width, self.height

    @property
    def _per_pixel(self) -> tuple[float, float]:
        """Pixels seen for each of the picture's, across and down."""
        return self.width / (self.right - self.left), self.height / (self.bottom - self.top)


def window(
    size: tuple[int, int], box: tuple[float, float, float, float], *, scale: float, most: int = 1_500_000
) -> Window:
    """The part `box` (left, top, right, bottom) of a picture of `size` (width, height), seen `scale` times as large.

    It has at most about `most` pixels; what lies outside the picture is left out, one pixel always stays.
    """
    left, top = (min(max(0, math.floor(edge)), side - 1) for edge, side in zip(box[:2], size, strict=True))
    right, bottom = (min(max(1, math.ceil(edge)), side) for edge, side in zip(box[2:], size, strict=True))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    scale = min(scale, math.sqrt(most / ((right - left) * (bottom - top))))
    width, height = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    return Window(left=left, top=top, right=right, bottom=bottom, width=width, height=height)


def whole(size: tuple[int, int], longest: int) -> Window:
    """All of a picture of `size` (width, height), no side longer than `longest`."""
    return window(size, (0, 0, *size), scale=min(1.0, longest / max(size)), most=longest * longest)


def _scaled(values: NDArray[Kind], size: tuple[int, int]) -> NDArray[Kind]:
    import cv2

    if (values.shape[1], values.shape[0]) == size:
        return values.copy()
    smaller = size[0] * size[1] < values.shape[0] * values.shape[1]
    return np.asarray(
        cv2.resize(values, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), values.dtype
    )
