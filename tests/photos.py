"""Photos of nobody: small, valid JPEGs that differ by seed, the same on every machine."""

from __future__ import annotations

import io
import random

SIZE = (240, 300)


def photo(seed: int, *, size: tuple[int, int] = SIZE) -> bytes:
    """Draw a head and shoulders in front of a wall; `size` is width × height in pixels."""
    from PIL import Image, ImageDraw

    dice = random.Random(seed)
    width, height = size
    wall, skin, coat, hair = (tuple(dice.randrange(low, low + 90) for _ in range(3)) for low in (120, 150, 30, 10))
    middle = width * dice.uniform(0.45, 0.55)
    head = width * dice.uniform(0.18, 0.22)
    top = height * dice.uniform(0.3, 0.36)
    picture = Image.new("RGB", size, wall)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((middle - 2.2 * head, top + 1.1 * head, middle + 2.2 * head, height * 1.5), fill=coat)
    draw.ellipse((middle - 1.15 * head, top - 1.5 * head, middle + 1.15 * head, top + 1.2 * head), fill=hair)
    draw.ellipse((middle - head, top - 1.2 * head, middle + head, top + 1.4 * head), fill=skin)
    for side in (-0.4, 0.4):
        draw.ellipse((middle + side * head - 4, top - 4, middle + side * head + 4, top + 4), fill=(20, 20, 20))
    draw.arc(
        (middle - 0.4 * head, top + 0.3 * head, middle + 0.4 * head, top + 0.9 * head),
        20,
        160,
        fill=(120, 40, 40),
        width=3,
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
