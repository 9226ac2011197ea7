"""Made-up sheets: takes without runs, of a few real pictures in a real store."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace
from PIL import Image, ImageEnhance

from nano_banana.catalog.catalog import Catalog
from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import SheetTake, TakeState, arrange_grids
from nano_banana.model.call import Blob
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.store_runner import ProviderFactory, Runner
from nano_banana.settings.configuration import load_settings
from tests.people import astronaut
from tests.stories.hand import at_work

PROMPT = (
    "anqz7 woman, editorial headshot photograph, chest-up, a bright open-plan office out of focus behind, 85 mm lens"
)


def quiet(_news: object) -> None:
    """Watch nothing."""


def take(
    seed: int, picture: Blob | None = None, state: TakeState = TakeState.DONE, shot: str = "heads", **axes: str
) -> SheetTake:
    """A take of `shot` by its axes; `subject` among them is whose picture it is."""
    subject = axes.pop("subject", "")
    name = "/".join([shot, *([subject] if subject else []), *axes.values(), f"s{seed}"])
    call = {
        "stage": "takes",
        "provider": "fal",
        "endpoint": "fal-ai/flux-lora",
        "key": "0" * 64,
        "arguments": {"prompt": f"{PROMPT}, {name}", "seed": seed, "guidance_scale": 2.8, "num_inference_steps": 28},
        "inputs": {},
        "outputs": {},
        "cost_usd": 0.021,
    }
    card = NodeInfo(kind="take", slot=f"{name}/#0", stage="takes", shot=shot, subject=subject, axes=axes, seed=seed)
    record = NodeRecord(
        id=name,
        card=card,
        status=NodeStatus.DONE,
        pictures=(),
        result=picture,
        problems=(),
        missing=(),
        is_degraded=False,
        keys={},
        calls=json.dumps([call]),
    )
    return SheetTake(
        record=record, stage="takes", state=state, turn=str(seed), picture=picture, name=f"takes/{seed}.png"
    )


def sheet(
    workshop: Runner, takes: list[SheetTake], *, rows: tuple[str, ...] = (), columns: tuple[str, ...] = ()
) -> ContactSheet:
    """A sheet of them."""
    return ContactSheet(
        name="portraits",
        folder=Path("out/portraits"),
        provider="fal",
        stages=["takes"],
        grids=arrange_grids(takes, rows, columns),
        show=("verdict", "cost", "seed"),
        lines={},
        names={},
        unchosen=0,
        unmade=0,
        workshop=workshop,
    )


@contextmanager
def workshop_in(folder: Path) -> Iterator[tuple[Runner, Callable[[int], Blob]]]:
    """A workshop with a store, and a function that puts a picture of her into it."""
    settings = load_settings(root=folder, environ={}, overrides={}, user_dir=folder)

    def picture(number: int) -> Blob:
        buffer = io.BytesIO()
        light = ImageEnhance.Brightness(astronaut().resize((320, 400))).enhance(0.7 + number / 16)
        light.save(buffer, "PNG", compress_level=1)
        blob: Blob = workshop.store.blobs.put(buffer.getvalue(), media="image/png")
        return blob

    with at_work():
        crew = ProviderFactory(replace(settings, parallel_compute=2), Catalog.load(None), {})
        workshop = Runner(settings, crew)
        try:
            yield workshop, picture
        finally:
            workshop.close()


def size_of(file: Path) -> tuple[int, int]:
    """A picture's width and height in pixels."""
    with Image.open(file) as picture:
        return picture.size
