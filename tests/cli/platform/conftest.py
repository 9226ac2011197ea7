"""A workspace whose fal is an emulator, with endpoints that differ from those of the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from tests.workspace import Workspace

FLUX_LORA = """\
id: fal-ai/flux-lora
does: generate
base: flux-1
adapters_max: 2
makes: ["images/*"]
price: {usd: 1.5, unit: megapixel, as_of: "2026-11", source: a test}
roles: {prompt: prompt, seed: seed, adapters: loras, size: image_size}
fields:
  prompt: {type: string, required: true}
  image_size: {type: image_size, default: landscape_4_3, minimum: 64, maximum: 14142}
  num_inference_steps: {type: integer, default: 18, minimum: 1, maximum: 20}
  seed: {type: integer}
  loras: {type: adapters, minimum: 0, maximum: 4}
  output_format: {type: enum, choices: [jpeg, png, webp], default: jpeg}
  mood: {type: string, required: true, description: How it feels.}
"""
"""The package's as it might be one day: fields gone, one needed, a range narrower, and far dearer."""

STRANGER = """\
id: studio/relight
does: edit
makes: [image]
fields:
  image_url: {type: url, required: true}
  prompt: {type: string, required: true}
  loras: {type: adapters}
"""


@pytest.fixture(scope="package")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("fal")
    endpoints = folder / "endpoints"
    endpoints.mkdir()
    (endpoints / "flux.yaml").write_text(FLUX_LORA, "utf-8")
    (endpoints / "stranger.yaml").write_text(STRANGER, "utf-8")
    with Emulator(
        folder / "server", EmulatorOptions(pictures="plain", key="id:a-secret-of-a-test", endpoints=endpoints)
    ) as server:
        yield server


@pytest.fixture
def online(workspace: Workspace, emulator: Emulator) -> Workspace:
    """A workspace with a key for that fal."""
    emulator.control("DELETE", "faults")
    return workspace.env(
        NANO_BANANA_FAL_URL=emulator.url, SSL_CERT_FILE=str(emulator.ca), FAL_KEY="id:a-secret-of-a-test"
    )


RECIPE = """\
nano_banana: 1
name: studio
shots:
  scene: {template: "a quiet harbour", seeds: [1]}
stages:
  - id: draw
    generate: all
    using: fal-ai/flux-lora
    with:
      num_inference_steps: 25
      guidance_scale: 3
"""
"""A recipe that says what that endpoint no longer takes."""


def recipe(workspace: Workspace, text: str = RECIPE) -> Path:
    """Write it."""
    workspace.write("recipe.yaml", text)
    return workspace.path("recipe.yaml")
