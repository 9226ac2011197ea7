"""A project with a gate: Eileen Collins trained, and a hand that draws her, somebody else or nobody."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageEnhance

from tests.people import astronaut, hopper
from tests.stories.project import RECIPE, Project

GATE = """\
  - id: judged
    gate: takes
    also_reject: [no_face, extra_face]
    retry: {takes: 1}
"""

HER, ANOTHER, NOBODY = "astronaut", "hopper", "nobody"


def gated(project: Project) -> Project:
    """The project with a gate. The hand draws her, but another in the office with seed 29 and nobody in the street."""
    workspace = project.workspace
    for path in (project.root / "photos" / "ana").iterdir():
        path.unlink()
    for number, light in enumerate((0.8, 0.9, 1.0, 1.1, 1.2)):
        workspace.write(f"photos/ana/{number}.png", portrait(HER, light))
    workspace.write("recipe.yaml", RECIPE.lstrip("\n") + GATE)
    project.notes.rule(who=[["street", NOBODY], ['"seed": 29', ANOTHER], ["", HER]])
    return project


@cache
def portrait(who: str, light: float = 1.0) -> bytes:
    """A PNG of one of them, in more light or less."""
    picture = astronaut() if who == HER else hopper() if who == ANOTHER else Image.new("RGB", (256, 256), "grey")
    buffer = io.BytesIO()
    ImageEnhance.Brightness(picture).enhance(light).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
