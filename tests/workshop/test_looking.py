"""A worker that dies takes along what its neighbours were at; each picture has a second try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

from nano_banana.features.face_comparison import FaceEmbedding, _embed_retrying
from nano_banana.model.problem import CallFailed, Problem, problem
from nano_banana.providers.workers import WorkerPool


class Dying:
    """A pool whose workers die at the first `times` pictures."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def run(self, _work: Callable[[Path], FaceEmbedding], path: Path) -> FaceEmbedding:
        self.times -= 1
        if self.times >= 0:
            raise CallFailed([problem("worker_died")])
        return path.name.encode()


def looked(times: int) -> FaceEmbedding:
    return asyncio.run(_embed_retrying(cast("WorkerPool", Dying(times)), Path("a.jpg")))


def test_a_picture_that_a_worker_died_over_is_looked_at_again() -> None:
    assert looked(0) == looked(1) == b"a.jpg"


def test_where_it_dies_again_the_picture_is_to_blame() -> None:
    sight = looked(2)
    assert isinstance(sight, Problem)
    assert sight.kind == "worker_died"
