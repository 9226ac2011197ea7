"""The last look of a photograph: curve, colour, vignette, grain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nano_banana.providers.local.chance import grain
from nano_banana.providers.local.pixels import LUMA, Pixels, blurred, f32, grid, luma, smooth


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A look. `shadows` and `highlights` are added (display values), `tone` multiplies, `fade` lifts black.

    `curve` steepens the middle (0–1), `colour` is saturation (1 as it is), `glow` and `vignette` 0–1, `grain` the
    deviation of the noise, `lump` the size of its grains in pixels.
    """

    curve: float = 0.35
    colour: float = 1.1
    shadows: tuple[float, float, float] = (-0.008, 0.0, 0.012)
    highlights: tuple[float, float, float] = (0.012, 0.004, -0.012)
    tone: tuple[float, float, float] = (1.0, 1.0, 1.0)
    fade: float = 0.0
    glow: float = 0.12
    vignette: float = 0.28
    grain: float = 0.009
    lump: float = 1.25


def film(light: Pixels) -> Pixels:
    """Linear light, as bright as it may be, as display values with a soft shoulder (Hable's filmic curve)."""
    exposed = light * 1.9
    a, b, c, d, e, f = 0.22, 0.30, 0.10, 0.20, 0.01, 0.30

    def hable(x: Pixels) -> Pixels:
        return f32((x * (a * x + c * b) + d * e) / (x * (a * x + b) + d * f) - e / f)

    shown = hable(exposed) / hable(f32(6.5))
    return f32(np.power(np.clip(shown, 0, 1), 1 / 2.2))


def bloom(light: Pixels, amount: float) -> Pixels:
    """Linear light with a veil around what is brighter than white."""
    width = light.shape[1]
    bright = np.clip(light - 0.85, 0, 3)
    veil = blurred(bright, width * 0.012) * 0.6 + blurred(bright, width * 0.05) * 0.4
    return f32(light + veil * amount)


def graded(shown: Pixels, grade: Grade, rng: np.random.Generator) -> Pixels:
    """Display values with the look on them."""
    height, width = shown.shape[:2]
    result = f32(np.clip(shown, 0, 1))
    result = result + f32((result * result * (3 - 2 * result) - result) * grade.curve)
    grey = result @ LUMA
    result = f32(grey[..., None] + (result - grey[..., None]) * grade.colour)
    dark, bright = 1 - smooth(0.0, 0.55, grey), smooth(0.45, 1.0, grey)
    result = f32(result + dark[..., None] * np.array(grade.shadows, np.float32))
    result = f32(result + bright[..., None] * np.array(grade.highlights, np.float32))
    result = result * np.array(grade.tone, np.float32)
    result = result * (1 - grade.fade) + grade.fade * np.array([0.16, 0.15, 0.17], np.float32)
    x, y = grid(height, width)
    far = np.hypot((x - 0.5) * 1.05, (y - 0.46) * 1.05)
    result = result * (1 - grade.vignette * smooth(0.38, 0.85, f32(far)))[..., None]
    return grained(result, grade.grain, grade.lump, rng)


def grained(shown: Pixels, amount: float, lump: float, rng: np.random.Generator) -> Pixels:
    """Noise as of film: strongest in the middle tones."""
    height, width = shown.shape[:2]
    noise = grain(rng, height, width, lump * max(1.0, height / 1000))
    middle = 0.35 + 0.65 * (1 - np.abs(luma(np.clip(shown, 0, 1)) * 2 - 1))
    return f32(np.clip(shown + (noise * amount * middle)[..., None], 0, 1))
