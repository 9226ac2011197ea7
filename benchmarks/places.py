"""Folders, programs and recipes that benchmarks are run with."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
SCRIPT = Path(sys.executable).with_name("nano-banana")
PROGRAM = [str(SCRIPT)] if SCRIPT.exists() else [PYTHON, "-m", "nano_banana"]

RECIPE = """\
nano_banana: 1
name: many
provider: local
axes:
  scene: [{scenes}]
templates:
  plain: "a portrait of a woman in {{{{ scene }}}}, soft light from the left, 85 mm lens, natural skin texture"
shots:
  portraits: {{template: plain, matrix: {{scene: all}}, seeds: {{count: {seeds}}}}}
stages:
  - {{id: takes, generate: portraits, using: fal-ai/flux/schnell}}
"""


def environment(home: Path) -> Mapping[str, str]:
    """A home of the benchmark's own, this checkout to import from, and no colour."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }


def project(folder: Path, *, takes: int) -> Path:
    """Write a recipe of so many takes (in hundreds, or fewer than a hundred) into a new folder."""
    folder.mkdir(parents=True)
    scenes = ", ".join(f"place {number:05}" for number in range(max(1, takes // 100)))
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(scenes=scenes, seeds=min(takes, 100)), encoding="utf-8")
    return recipe
