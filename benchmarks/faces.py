"""A face judged: `look` and `likeness` beside plain calls of OpenCV's networks."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.report import heading, verdict
from nano_banana.providers.compute.compute_provider import perform_compute
from nano_banana.providers.workers import WorkerPool

PICTURES = 24
"""Judged by each worker."""


def bench(folder: Path, *, times: int) -> None:
    """Print seconds of one core for a face, and how many more N processes judge."""
    picture, person = _laid(folder)
    plain = _plain(picture)
    judge(picture, person)
    plain()
    rounds = [(_cpu(lambda: judge(picture, person)), _cpu(plain)) for _ in range(5 * times)]
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    heading("A face judged: PNG of 1,024 × 1,024, one core, networks loaded")
    print(f"look + likeness          {ours * 1000:6.1f} ms of CPU")
    print(f"cv2: imread, find, embed {theirs * 1000:6.1f} ms of CPU   ({ours / theirs:.2f} ×)")
    verdict("a face judged", ours, most=0.08, unit=" s")
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    speeds = [(_a_second(picture, person, 1), _a_second(picture, person, cores)) for _ in range(min(times, 3))]
    one, many = (median(column) for column in zip(*speeds, strict=True))
    print(f"1 process {one:.1f} faces a second, {cores} processes {many:.1f}")
    verdict("cores ÷ (how many times as many they judge)", cores * one / many, most=1.15)


def judge(picture: Path, person: Path) -> float:
    """What a gate does of one picture: look, then compare with one person. The likeness of its first face."""
    _, seen = perform_compute("look", b"{}", {"image": picture})
    faces = picture.with_name(f"faces-{os.getpid()}.json")
    faces.write_bytes(seen["faces"][0])
    data, _ = perform_compute("likeness", b"{}", {"faces": faces, "people/0": person})
    return len(data)


def _laid(folder: Path) -> tuple[Path, Path]:
    """The picture, with a generator's grain (a smooth one would be read quicker), and its person."""
    import numpy as np
    import skimage
    from PIL import Image

    astronaut = Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png")
    large = astronaut.convert("RGB").resize((1024, 1024), Image.Resampling.LANCZOS)
    grain = np.random.default_rng(1).normal(0, 3, (1024, 1024, 1))
    picture = folder / "picture.png"
    Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)).save(picture)
    seen = folder / "seen.json"
    seen.write_bytes(perform_compute("look", b"{}", {"image": picture})[1]["faces"][0])
    person = folder / "person.json"
    inputs = {f"{kind}/{at}": seen for kind in ("references", "training") for at in range(20)}
    person.write_bytes(perform_compute("person", b"{}", inputs)[1]["person"][0])
    return picture, person


def _plain(picture: Path) -> Callable[[], None]:
    """The same with nothing of ours: read, scale to 640 pixels, find, embed the first face."""
    import cv2

    from nano_banana.faces.networks import DETECTOR, RECOGNISER, verified_weights

    detector = cv2.FaceDetectorYN.create(str(verified_weights(DETECTOR)), "", (640, 640), 0.6, 0.3, 5000)
    recogniser = cv2.FaceRecognizerSF.create(str(verified_weights(RECOGNISER)), "")

    def run() -> None:
        bgr = cv2.imread(str(picture))
        if bgr is None:
            raise FileNotFoundError(picture)
        _, rows = detector.detect(cv2.resize(bgr, (640, 640), interpolation=cv2.INTER_AREA))
        recogniser.feature(recogniser.alignCrop(bgr, rows[0] * 1.6))

    return run


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _a_second(picture: Path, person: Path, processes: int) -> float:
    """Faces a second by the clock, once every worker has its networks."""

    async def run() -> float:
        pool = WorkerPool(processes)
        try:
            await asyncio.gather(*(pool.run(judge, picture, person) for _ in range(4 * processes)))
            begin = time.perf_counter()
            await asyncio.gather(*(pool.run(judge, picture, person) for _ in range(PICTURES * processes)))
            return PICTURES * processes / (time.perf_counter() - begin)
        finally:
            pool.close()

    return asyncio.run(run())
