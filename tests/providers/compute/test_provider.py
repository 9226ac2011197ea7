"""The provider: a call in, an answer out, in another process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.model.call import Blob, Call, blob_of
from nano_banana.model.problem import CallFailed
from nano_banana.model.provider_protocol import Answer
from nano_banana.providers.compute.compute_provider import ComputeProvider
from nano_banana.providers.workers import WorkerPool
from tests.photos import photo


class Shelf:
    """A desk over one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lay(self, data: bytes) -> Blob:
        blob = blob_of(data, media="image/jpeg")
        self.path(blob).write_bytes(data)
        return blob

    def path(self, blob: Blob) -> Path:
        return self.folder / blob.digest


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(1)
    yield pool
    pool.close()


def call(endpoint: str, *, revision: int | None = None, **inputs: Blob) -> Call:
    version = COMPUTE_REVISIONS.get(endpoint, 1) if revision is None else revision
    places = {name.replace("_", "/"): blob for name, blob in inputs.items()}
    return Call(provider="compute", endpoint=endpoint, arguments={}, inputs=places, revision=version)


def answer(pool: WorkerPool, shelf: Shelf, *calls: Call) -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        compute = ComputeProvider(pool)
        answers = [await compute.answer(call, shelf) for call in calls]
        await compute.close()
        return answers

    return asyncio.run(all_of_them())


def test_answers_with_data_and_files(tmp_path: Path, pool: WorkerPool) -> None:
    shelf = Shelf(tmp_path)
    one, two = shelf.lay(photo(1)), shelf.lay(photo(2))
    probed, packed, again = answer(
        pool,
        shelf,
        call("probe", image=one),
        call("training-zip", photos_0=one, photos_1=two),
        call("training-zip", photos_0=two, photos_1=one),
    )
    assert (probed.data["width"], probed.cost_usd) == (240, 0.0)
    data, media = packed.files["archive"].data, packed.files["archive"].media
    assert media == "application/zip"
    assert isinstance(data, bytes)
    assert data.startswith(b"PK")
    assert again.files == packed.files


def test_errors_come_home_whole(tmp_path: Path, pool: WorkerPool) -> None:
    shelf = Shelf(tmp_path)
    with pytest.raises(CallFailed) as failed:
        answer(pool, shelf, call("probe", image=shelf.lay(b"no picture")))
    assert [(problem.kind, problem.data) for problem in failed.value.problems] == [
        ("picture_unreadable", {"input": "image"})
    ]


def test_an_unknown_endpoint_gets_a_suggestion(tmp_path: Path, pool: WorkerPool) -> None:
    with pytest.raises(CallFailed) as failed:
        answer(pool, Shelf(tmp_path), call("training_zip"))
    assert failed.value.problems[0].suggestions == ("training-zip",)


def test_another_version_of_the_work_is_refused(tmp_path: Path, pool: WorkerPool) -> None:
    with pytest.raises(CallFailed, match="compute_revision"):
        answer(pool, Shelf(tmp_path), call("probe", revision=0))


def test_asking_loads_no_pixels() -> None:
    module = "nano_banana.providers.compute.compute_provider"
    code = f"import sys, {module}; sys.exit(bool({{'PIL', 'numpy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
