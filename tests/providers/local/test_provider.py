"""A call in, an answer out, in a process of its own; and the version of the pictures."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Blob, Call, blob_of
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed
from nano_banana.model.provider_protocol import Answer
from nano_banana.providers.local.local_provider import LocalProvider
from nano_banana.providers.local.revision import LOCAL_REVISION, local_revision
from nano_banana.providers.workers import WorkerPool

OWN = """
id: acme/other
title: "Other"
description: "Does something else."
does: other
makes: ["audio"]
roles: {prompt: prompt}
fields:
  prompt: {type: string, required: true, description: "Words."}
"""


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lay(self, data: bytes) -> Blob:
        blob = blob_of(data, media="application/octet-stream")
        self.path(blob).write_bytes(data)
        return blob

    def path(self, blob: Blob) -> Path:
        return self.folder / blob.digest


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "shelf").mkdir()
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(1)
    yield pool
    pool.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    folder = tmp_path / "endpoints"
    folder.mkdir()
    (folder / "other.yaml").write_text(OWN, encoding="utf-8")
    return Catalog.load(folder)


def call(endpoint: str, arguments: JSONObject, **inputs: Blob) -> Call:
    places = {name.replace("__", "/"): blob for name, blob in inputs.items()}
    return Call(provider="local", endpoint=endpoint, arguments=arguments, inputs=places, revision=local_revision())


def answers(local: LocalProvider, shelf: Shelf, *calls: Call) -> list[Answer]:
    async def one_by_one() -> list[Answer]:
        made = [await local.answer(one, shelf) for one in calls]
        await local.close()
        return made

    return asyncio.run(one_by_one())


def test_an_adapter_is_trained_and_drawn_from(pool: WorkerPool, catalog: Catalog, shelf: Shelf, archive: bytes) -> None:
    local = LocalProvider(pool, catalog)
    zipped = shelf.lay(archive)
    training = call("fal-ai/flux-lora-fast-training", {"trigger_word": "anqz7", "steps": 100}, images_data_url=zipped)
    first, again = answers(local, shelf, training, training)
    assert first == again
    assert first.cost_usd == 0
    config = first.files["config_file"].data
    assert isinstance(config, bytes)
    assert json.loads(config)["trigger"] == "anqz7"
    weights = first.files["diffusers_lora_file"].data
    assert isinstance(weights, bytes)
    drawing: JSONObject = {
        "prompt": "anqz7 woman, studio",
        "loras": [{"scale": 1}],
        "seed": 1,
        "image_size": {"width": 96, "height": 128},
    }
    (drawn,) = answers(local, shelf, call("fal-ai/flux-lora", drawing, loras__0__path=shelf.lay(weights)))
    picture = drawn.files["images/0"].data
    assert isinstance(picture, bytes)
    assert Image.open(io.BytesIO(picture)).size == (96, 128)


def test_a_style_is_trained_too(pool: WorkerPool, catalog: Catalog, shelf: Shelf, archive: bytes) -> None:
    training = call("fal-ai/turbo-flux-trainer", {"training_style": "style"}, images_data_url=shelf.lay(archive))
    (made,) = answers(LocalProvider(pool, catalog), shelf, training)
    config = made.files["config_file"].data
    assert isinstance(config, bytes)
    assert json.loads(config)["kind"] == "style"
    assert "plain" not in made.data


@pytest.mark.parametrize(("endpoint", "kind"), [("fal-ai/flux-laro", "local_endpoint"), ("acme/other", "local_task")])
def test_what_it_cannot_do_is_said(pool: WorkerPool, catalog: Catalog, shelf: Shelf, endpoint: str, kind: str) -> None:
    with pytest.raises(CallFailed, match=kind):
        answers(LocalProvider(pool, catalog), shelf, call(endpoint, {"prompt": "x"}))


def test_the_revision_says_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = local_revision()
    monkeypatch.setenv("NANO_BANANA_WEIGHTS", str(tmp_path))
    assert LOCAL_REVISION * 8 <= local_revision() <= here < (LOCAL_REVISION + 1) * 8


def test_asking_loads_no_picture_library() -> None:
    code = (
        "import sys; import nano_banana.providers.local.local_provider;"
        "from nano_banana.providers.local.revision import local_revision; local_revision();"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'cv2', 'onnxruntime', 'yaml')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
