"""A face in a picture, and the names of people's parts.

Imports nothing heavy: commands and forecasts use it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

Point = tuple[float, float]

MAIN_FACE_SHARE = 0.3
"""A face narrower than this share of the widest is in the background or a false detection."""


class Face(Struct, frozen=True, kw_only=True):
    """A face in pixels of its picture: the box's corner and sides, and its points.

    `eyes` and `mouth` (its corners) begin with the one on the viewer's left of an upright face. `nose` and `mouth` are
    None if only the eyes are known. `score` is the detector's confidence, 0–1.
    """

    left: float
    top: float
    width: float
    height: float
    eyes: tuple[Point, Point]
    score: float = 1.0
    nose: Point | None = None
    mouth: tuple[Point, Point] | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        """Eyes, nose and corners of the mouth: five points, or only the two eyes."""
        if self.nose is None or self.mouth is None:
            return self.eyes
        return (*self.eyes, self.nose, *self.mouth)

    def turned_back(self, quarters: int, width: int, height: int) -> Face:
        """The face in a picture of `width` × `height`, if it was found after turning that left by `quarters` (90°)."""

        def back(point: Point) -> Point:
            x, y = point
            return {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]

        (x0, y0), (x1, y1) = back((self.left, self.top)), back((self.left + self.width, self.top + self.height))
        return replace(
            self,
            left=min(x0, x1),
            top=min(y0, y1),
            width=abs(x1 - x0),
            height=abs(y1 - y0),
            eyes=(back(self.eyes[0]), back(self.eyes[1])),
            nose=None if self.nose is None else back(self.nose),
            mouth=None if self.mouth is None else (back(self.mouth[0]), back(self.mouth[1])),
        )

    @property
    def eye_distance(self) -> float:
        """Pixels from eye to eye."""
        return math.dist(*self.eyes)

    @property
    def roll(self) -> float:
        """The head's tilt in degrees: 0 upright, positive clockwise, −180 to 180."""
        (x0, y0), (x1, y1) = self.eyes
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    @property
    def yaw(self) -> float:
        """How far the head is turned: −1 (the nose over the viewer's left eye, or beyond) to 1; 0 is frontal.

        It is the position of the nose between the eyes, along the line through them; ±1 is about a half profile.
        """
        (x0, y0), (x1, y1) = self.eyes
        across, down = x1 - x0, y1 - y0
        length = across**2 + down**2
        if self.nose is None or not length:
            return 0.0
        along = ((self.nose[0] - x0) * across + (self.nose[1] - y0) * down) / length
        return max(-1.0, min(1.0, 2 * along - 1))


def main_faces(faces: Sequence[Face]) -> tuple[Face, ...]:
    """The faces at least `MAIN_FACE_SHARE` times as wide as the widest, in their order."""
    widest = max((face.width for face in faces), default=0.0)
    return tuple(face for face in faces if face.width >= MAIN_FACE_SHARE * widest)


PARTS = ("face", "eyes", "mouth", "hair", "skin", "background", "person", "clothes")
"""What a mask can find. Hair, skin and clothes are told apart by their colours."""

OUTLINED_PARTS = ("face", "eyes", "mouth")
"""Parts that are drawn along the face's landmarks."""

WHOLE_PICTURE_PARTS = ("person", "background")
"""Parts of the whole picture, not of one face."""

FACE_CHOICES = ("largest", "smallest", "all")
"""The faces to take, unless given by number."""

FACE_ORDERS = ("size", "left_to_right", "right_to_left", "top_to_bottom")
"""How faces are numbered; `size` is largest first."""
