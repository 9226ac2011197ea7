"""Soft masks of the people in a picture, fitted to its edges.

A `Window` is a part of a picture at a size of its own; the network (MediaPipe's selfie segmenter) sees 256 × 256
pixels of whatever it is shown, so that people with small faces are looked at once more from near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nano_banana.faces.face import Face
from nano_banana.faces.networks import PERSON_WEIGHTS, tflite_network
from nano_banana.model.problem import Unusable

Pixels = NDArray[np.uint8]
SoftMask = NDArray[np.float32]
"""A soft mask, 0–1, height × width."""

PixelType = TypeVar("PixelType", np.uint8, np.float32)


class Window(Struct, frozen=True, kw_only=True):
    """The picture's pixels from (left, top) up to (right, bottom), seen as `width` × `height` pixels."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int

    def crop(self, rgb: Pixels) -> Pixels:
        """What the window shows of an RGB picture."""
        return np.ascontiguousarray(_scaled(rgb[self.top : self.bottom, self.left : self.right], self.size))

    def as_picture_mask(self, seen: SoftMask) -> Pixels:
        """A mask of what is seen in the picture's own pixels, 0–255, as large as the window's part of it."""
        whole = _scaled(seen.astype(np.float32), (self.right - self.left, self.bottom - self.top))
        # In place: a window may be as large as the largest picture.
        np.clip(whole, 0, 1, out=whole)
        whole *= 255
        whole += 0.5
        return whole.astype(np.uint8)

    def to_window(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the picture (… × 2) as the window's."""
        corner = np.array([self.left, self.top], np.float32)
        return np.asarray((points - corner) * np.array(self._per_pixel, np.float32), np.float32)

    def pixel_centres(self) -> NDArray[np.float32]:
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


def window_on(
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


def whole_window(size: tuple[int, int], longest: int) -> Window:
    """All of a picture of `size` (width, height), no side longer than `longest`."""
    return window_on(size, (0, 0, *size), scale=min(1.0, longest / max(size)), most=longest * longest)


def _scaled(values: NDArray[PixelType], size: tuple[int, int]) -> NDArray[PixelType]:
    import cv2

    if (values.shape[1], values.shape[0]) == size:
        return values.copy()
    smaller = size[0] * size[1] < values.shape[0] * values.shape[1]
    return np.asarray(
        cv2.resize(values, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), values.dtype
    )


PERSON_OUTPUT = "activation_10"
PERSON_SIDE = 256
"""The network sees squares of this many pixels."""


def person_matte(rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """How much of each pixel is a person, 0–1, for an RGB picture of height × width × 3.

    None where OpenCV or the weights are missing. The network's coarse mask is fitted to the picture's own
    edges by a guided filter (He, Sun, Tang: "Guided Image Filtering", 2010).
    """
    try:
        matte = person_mask(rgb)
    except Unusable:
        return None
    return without_holes(_largest_part(matte))


def person_mask(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's mask of an RGB picture, fitted to its edges, crumbs and holes included.

    Raises Unusable `faces_missing`.
    """
    network = tflite_network(PERSON_WEIGHTS)
    import cv2

    square = cv2.resize(rgb, (PERSON_SIDE, PERSON_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    network.setInput(np.ascontiguousarray(square.transpose(2, 0, 1)[None]))
    (coarse,) = network.forward([PERSON_OUTPUT])
    fine = guided_filter(
        _floats(rgb) / np.float32(255), _floats(np.clip(coarse.reshape(PERSON_SIDE, PERSON_SIDE), 0, 1))
    )
    return _floats(np.clip((fine - 0.12) / 0.78, 0, 1))


def guided_filter(guide: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mask as a locally linear function of the guide's three channels.

    Its coefficients are found at no more than 384 pixels a side, then used on the whole picture (He, Sun: "Fast
    Guided Filter", 2015).
    """
    import cv2

    height, width = guide.shape[:2]
    scale = min(1.0, 384 / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(guide, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    slope, start = _coefficients(small, cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR).astype(np.float32))
    slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    start = cv2.resize(start, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return _floats((slope * guide).sum(axis=-1) + start)


def _coefficients(guide: SoftMask, mask: SoftMask) -> tuple[SoftMask, SoftMask]:
    """Slope (height × width × 3) and start (height × width) of the best line in each window of 7 × 7 pixels."""
    import cv2

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return _floats(cv2.blur(values, (7, 7)))

    average, level = mean(guide), mean(mask)
    spread = np.empty((*mask.shape, 3, 3), np.float32)
    for one, other in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        product = mean(guide[..., one] * guide[..., other]) - average[..., one] * average[..., other]
        spread[..., one, other] = spread[..., other, one] = product
    spread += np.eye(3, dtype=np.float32) * 1e-4
    joint = mean(guide * mask[..., None]) - average * level[..., None]
    slope = np.linalg.solve(spread, joint[..., None])[..., 0].astype(np.float32)
    return mean(slope), mean(level - (slope * average).sum(axis=-1))


def _largest_part(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matte without the crumbs that do not hang together with the largest part."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats((matte > 0.25).astype(np.uint8))
    if count < 2:
        return matte
    keep = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    near = cv2.dilate(keep, np.ones((5, 5), np.uint8))
    return (matte * near).astype(np.float32)


def without_holes(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matte without holes: well inside the outline everything is the person (a white strap, a visor)."""
    import cv2

    height, width = matte.shape
    outside = np.zeros((height + 1, width + 2), np.uint8)
    outside[1:, 1:-1] = matte > 0.3
    cv2.floodFill(outside, None, (0, 0), 2)
    person = (outside[1:, 1:-1] != 2).astype(np.uint8)
    inset = 2 * max(2, round(max(height, width) / 110)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (inset, inset))
    core = cv2.erode(person, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(np.float32)
    return _floats(np.maximum(matte, cv2.blur(core, (inset // 2, inset // 2)) * core))


def _floats(values: object) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


PEOPLE_SIDE = 1536
"""The longest side that edges are looked for at; the mask of a larger picture is enlarged."""

SMALL_FACE_SHARE = 0.2
"""Widths of faces, in longest sides of the picture, below which a person is looked at once more and nearer."""

_CRUMB = 0.02
"""Parts smaller than this (in the largest one) are crumbs, unless a face lies in them."""


def people_mask(rgb: Pixels, faces: Sequence[Face]) -> tuple[Window, SoftMask]:
    """How much of each pixel is a person, and the window that says which pixels these are.

    The network sees 256 × 256 pixels of whatever it is shown: around small faces it is shown a part. Raises
    Unusable `faces_missing`.
    """
    size = rgb.shape[1], rgb.shape[0]
    view = whole_window(size, PEOPLE_SIDE)
    seen = view.crop(rgb)
    matte = person_mask(seen)
    scale = view.width / size[0]
    small = [face for face in faces if face.width < SMALL_FACE_SHARE * max(size)]
    if small:
        matte = _refined_near_faces(seen, matte, small, scale)
    matte = _without_crumbs(matte, [_face_middle(face, scale) for face in faces])
    # Between two people there is a hole that is none of theirs.
    return view, without_holes(matte) if len(faces) < 2 else matte


def _refined_near_faces(seen: Pixels, matte: SoftMask, faces: Sequence[Face], scale: float) -> SoftMask:
    """The matte with what the network sees around each of these faces in place of what it saw from afar."""
    near, weight = np.zeros_like(matte), np.zeros_like(matte)
    for face in faces:
        part = _head_and_shoulders(face, scale, (seen.shape[1], seen.shape[0]))
        found = person_mask(part.crop(seen))
        area = np.s_[part.top : part.bottom, part.left : part.right]
        near[area] = np.maximum(near[area], part.as_picture_mask(found).astype(np.float32) / 255)
        weight[area] = np.maximum(weight[area], _blend_weight(part, (seen.shape[1], seen.shape[0])))
    return np.asarray(matte + (near - matte) * weight, np.float32)


def _head_and_shoulders(face: Face, scale: float, size: tuple[int, int]) -> Window:
    """Head and shoulders, as the network knows people from video calls."""
    x, y, width = *_face_middle(face, scale), face.width * scale
    return window_on(size, (x - 2.9 * width, y - 2.3 * width, x + 2.9 * width, y + 4.0 * width), scale=1.0)


def _face_middle(face: Face, scale: float) -> tuple[float, float]:
    return (face.left + face.width / 2) * scale, (face.top + face.height / 2) * scale


def _blend_weight(part: Window, size: tuple[int, int]) -> SoftMask:
    """1 in the part's middle, down to 0 towards those of its sides that are not the picture's."""
    across = _ramp(part.right - part.left, part.left > 0, part.right < size[0])
    down = _ramp(part.bottom - part.top, part.top > 0, part.bottom < size[1])
    return np.outer(down, across).astype(np.float32)


def _ramp(length: int, begins: bool, ends: bool) -> SoftMask:  # noqa: FBT001 - which of the two sides fade
    steps = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / np.float32(max(1.0, length * 0.15))
    up = np.clip(steps, 0, 1) if begins else np.ones(length, np.float32)
    return np.asarray(up * (np.clip(steps[::-1], 0, 1) if ends else 1), np.float32)


def _without_crumbs(matte: SoftMask, points: Sequence[tuple[float, float]]) -> SoftMask:
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats((matte > 0.25).astype(np.uint8))
    if count < 3:
        return matte
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    keep = areas >= _CRUMB * areas[1:].max()
    height, width = matte.shape
    for x, y in points:
        keep[labels[min(max(0, int(y)), height - 1), min(max(0, int(x)), width - 1)]] = True
    keep[0] = False
    near = cv2.dilate(keep[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(matte * near, np.float32)
