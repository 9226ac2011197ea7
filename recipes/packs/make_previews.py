"""Draws the packs' preview pictures with the program itself, from the example's photos.

    python recipes/packs/make_previews.py [pack ...]

For each pack one recipe is written into a folder that is thrown away afterwards: each template as it is, every
variable at its default, one seed. The command line runs it on the local provider, without a key, and the pictures are
made small and laid into `<pack>/previews/`. The same program, weights and photos make the same pictures.
"""  # noqa: INP001 — a script beside the packs

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import yaml
from PIL import Image

HERE = Path(__file__).parent
PHOTOS = HERE.parents[1] / "examples" / "astronaut" / "photos"
SUBJECT = {"noun": "woman", "trigger": "ecllns7", "training_set": "photos"}
SEED = 11
WIDTH = 384
MOST_BYTES = 25_000


def main(names: list[str]) -> None:
    """Make the previews of the packs that are named, or of all."""
    for folder in sorted(path.parent for path in HERE.glob("*/pack.yaml")):
        if not names or folder.name in names:
            make(folder)


def make(folder: Path) -> None:
    """Run one pack and put its pictures in their places."""
    templates = yaml.safe_load((folder / "pack.yaml").read_text("utf-8"))["templates"]
    with TemporaryDirectory() as place:
        work = Path(place)
        copytree(PHOTOS, work / "photos")
        (work / "recipe.yaml").write_text(json.dumps(recipe(folder.name, templates)), "utf-8")
        argv = [sys.executable, "-m", "nano_banana", "run", "recipe.yaml", "--yes"]
        subprocess.run(argv, cwd=work, check=True)  # noqa: S603 — our own program
        (manifest,) = (work / "out").rglob("manifest.json")
        for take in json.loads(manifest.read_text("utf-8"))["takes"]:
            template = templates[take["shot"].removeprefix("t-")]
            saved(manifest.parent / take["path"], folder / template["preview"])
    sys.stdout.write(f"{folder.name}: {len(templates)} previews\n")


def recipe(pack: str, templates: Iterable[str]) -> Mapping[str, object]:
    """A recipe that draws each template of the pack once; size and settings come with the template."""
    return {
        "nano_banana": 1,
        "name": f"previews-{pack}",
        "provider": "local",
        "subjects": {"eileen": SUBJECT},
        "templates": {f"t-{name}": {"pack": f"{pack}/{name}"} for name in templates},
        "shots": {f"t-{name}": {"template": f"t-{name}", "cast": "eileen", "seeds": [SEED]} for name in templates},
        "stages": [
            {"id": "likeness", "train": "eileen", "using": "fal-ai/flux-lora-fast-training"},
            {
                "id": "takes",
                "generate": [f"t-{name}" for name in templates],
                "using": "fal-ai/flux-lora",
                "adapters": {"likeness": 0.95},
            },
        ],
    }


def saved(source: Path, target: Path) -> None:
    """Write `source` as a small JPEG of at most 25 kB, as good as fits."""
    with Image.open(source) as picture:
        height = round(picture.height * WIDTH / picture.width)
        small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(next(data for quality in range(86, 0, -4) if len(data := jpeg(small, quality)) <= MOST_BYTES))


def jpeg(picture: Image.Image, quality: int) -> bytes:
    """The bytes of a JPEG, quality 1–95."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
