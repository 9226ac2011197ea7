"""A project of two real people on the local provider, judged for real."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from PIL import ImageEnhance

from nano_banana.formats.weight_files import FOLDER_VARIABLE, weights_folder
from nano_banana.model.json_values import JSONObject, as_items, as_object, as_text
from tests.people import astronaut, hopper, saved
from tests.workspace import Workspace

WEIGHTS = weights_folder(os.environ)
"""Where `make setup` put them: before a workspace hides the home folder."""

PHOTOS = 4

HEAD = """
nano_banana: 1
name: two
provider: local
subjects:
  eileen: {noun: woman, trigger: ecllns7, training_set: {photos: photos/eileen, hold_out: 1}}
  grace: {noun: woman, trigger: grchp3, training_set: {photos: photos/grace, hold_out: 1}}
axes:
  scene: {office: a bright office, street: a quiet street after rain}
templates:
  portrait: "{{ subject.trigger }} {{ subject.noun }}, editorial headshot photograph, chest-up, in {{ scene }}"
  pair: "a woman and a woman side by side, editorial photograph, chest-up, in {{ scene }}"
  face: "{{ subject.trigger }} {{ subject.noun }}, face, same light and angle as the picture"
"""


class People:
    """The folder with both people's photos; `recipe` is what follows the head."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)})
        for name, person in (("eileen", astronaut()), ("grace", hopper())):
            for number in range(PHOTOS):
                # The same afternoon: other light, another crop.
                light = ImageEnhance.Brightness(person).enhance(0.85 + 0.1 * number)
                left, top = 8 * number, 4 * number
                cut = light.crop((left, top, light.width - left, light.height - top))
                saved(cut, workspace.path(f"photos/{name}/{number}.jpg"), quality=92)

    def recipe(self, text: str) -> People:
        """Write the recipe."""
        self.workspace.write("recipe.yaml", HEAD.lstrip("\n") + text.strip("\n") + "\n")
        return self

    def run(self, *argv: str) -> JSONObject:
        """`nano-banana run --json`, which must do well."""
        return self.workspace.json("run", *argv)

    def keep_adapter(self, told: JSONObject, name: str) -> None:
        """Copy a trained adapter out of the store, for recipes that bring it along as a file."""
        adapter = next(as_object(one) for one in as_items(told["adapters"]) if as_object(one)["subject"] == name)
        digest = as_text(adapter["sha256"])
        shutil.copy(
            self.workspace.path(f".nano-banana/blobs/{digest[:2]}/{digest[2:]}"), self.path(f"{name}.safetensors")
        )

    def path(self, name: str) -> Path:
        """A place in the project."""
        return self.workspace.path(name)


def takes(told: JSONObject) -> dict[str, JSONObject]:
    """The takes of a run by their ids."""
    return {as_text(as_object(take)["id"]): as_object(take) for take in as_items(told["takes"])}


def rulings(told: JSONObject) -> dict[str, str]:
    """What the gate said of each take in the end."""
    found = {}
    for name, take in takes(told).items():
        verdict = as_object(take["verdict"])
        found[name] = as_text(verdict["ruling"])
    return found


def tries(take: JSONObject) -> list[tuple[str, str]]:
    """A take's attempts: the label and what was said of each."""
    attempts = [as_object(attempt) for attempt in as_items(take["attempts"])]
    return [(as_text(one["label"]), as_text(as_object(one["verdict"])["ruling"])) for one in attempts]
