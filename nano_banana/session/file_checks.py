"""Checks user files before use, and embeds faces without a store.

Worker processes import this module to look at pictures: it must stay small and import no picture library at top level.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.formats.file_stamps import stamp_of
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, Invalid, NanoBananaError, Problem, Unusable, problem
from nano_banana.store.database import OUTPUT_ERRORS, translate_errors

if TYPE_CHECKING:
    from nano_banana.providers.workers import WorkerPool

FaceEmbedding: TypeAlias = bytes | Problem | None
"""The embedding of a picture's largest face (128 floats of 32 bits); None: no face; or why it can't be read."""

FILES_AT_ONCE = 4
"""Files that are checked at one time: each may take the memory of a large picture."""

WITHOUT_WORKERS = 4
"""So few pictures are looked at before a worker process has begun."""


def embed_faces(
    paths: Iterable[Path], *, processes: int | None = None, tell: Callable[[int], None] | None = None
) -> Mapping[Path, FaceEmbedding]:
    """Look at each distinct picture once, in `processes` processes (None: one a processor) where they are many.

    `tell` hears after each how many are done. Raises Unusable where faces can't be looked at here.
    """
    distinct = list(dict.fromkeys(paths))
    if len(distinct) <= WITHOUT_WORKERS:
        return {path: embed_face(path) for path in distinct}
    return asyncio.run(_embed_in_workers(distinct, processes or os.cpu_count() or 1, tell))


def file_problems(files: Mapping[Path, str], masks: Collection[Path] = ()) -> Mapping[Path, Sequence[Problem]]:
    """What keeps each of these files (by media type) from being used; those that are as they should be are absent.

    Pictures are decoded, captions read as text, and the headers of adapters checked.
    """
    from concurrent.futures import ThreadPoolExecutor

    def flaw(path: Path) -> Sequence[Problem]:
        try:
            _check_file(path, files[path], is_mask=path in masks)
        except (CallFailed, Invalid) as error:
            return error.problems
        return ()

    # Pillow decodes outside of the interpreter's lock.
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        found = zip(files, pool.map(flaw, files), strict=True)
        return {path: problems for path, problems in found if problems}


def _check_file(path: Path, media: str, *, is_mask: bool) -> None:
    from nano_banana.formats.picture_files import check_picture_file
    from nano_banana.formats.safetensors import read_safetensors_header

    try:
        stamp_of(str(path))
    except OSError as error:
        raise CallFailed([problem("file_unreadable", path=str(path), why=error.strerror or "")]) from error
    if is_mask:
        from nano_banana.providers.compute.mask_endpoints import check_mask_file

        check_mask_file(path)
    elif media.startswith("image/"):
        check_picture_file(path)
    elif media == "text/plain":
        try:
            path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CallFailed([problem("caption_not_text", input=str(path))]) from error
        except OSError as error:
            raise CallFailed([problem("photo_unreadable", path=str(path), why=error.strerror or "")]) from error
    elif path.suffix.casefold() == ".safetensors":
        read_safetensors_header(path, name=str(path))


def embed_face(path: Path) -> FaceEmbedding:
    """Look at one picture in this process. Raises Unusable as `look_at` does."""
    from nano_banana.providers.compute.face_endpoints import largest_face

    try:
        return largest_face(path)
    except CallFailed as error:
        return error.problems[0]


def face_networks() -> JSONObject:
    """The networks that look, and their digests."""
    from nano_banana.providers.compute.face_endpoints import face_networks as used

    return used()


async def _embed_in_workers(
    paths: list[Path], processes: int, tell: Callable[[int], None] | None
) -> Mapping[Path, FaceEmbedding]:
    # On demand: two pictures need no pool.
    from nano_banana.providers.workers import WorkerPool

    pool = WorkerPool(processes)
    waiting = iter(paths)
    seen: dict[Path, FaceEmbedding] = {}

    async def work() -> None:
        for path in waiting:
            seen[path] = await _embed_retrying(pool, path)
            if tell:
                tell(len(seen))

    try:
        async with asyncio.TaskGroup() as group:
            # One more than there are workers, so that none waits for its next picture.
            for _ in range(processes + 1):
                group.create_task(work())
    except* NanoBananaError as ended:
        raise ended.exceptions[0] from None
    finally:
        pool.close()
    return {path: seen[path] for path in paths}


async def _embed_retrying(pool: WorkerPool, path: Path) -> FaceEmbedding:
    with suppress(CallFailed):
        return await pool.run(embed_face, path)
    # A worker died. It may have been over this picture, or over a neighbour's: that takes all of them along.
    try:
        return await pool.run(embed_face, path)
    except CallFailed as died:
        return died.problems[0]


def check_writable(folder: Path) -> None:
    """Raise Unusable if no file can be written into the folder, or into the nearest one above it that is there."""
    with translate_errors(folder, OUTPUT_ERRORS), tempfile.TemporaryFile(dir=_nearest_existing(folder)):
        pass


def check_space(folder: Path, needed: int) -> None:
    """Raise Unusable if the disk of the folder has fewer free bytes than are `needed`."""
    with translate_errors(folder, OUTPUT_ERRORS):
        free = shutil.disk_usage(_nearest_existing(folder)).free
    if free < needed:
        raise Unusable([problem("disk_nearly_full", folder=str(folder), free=free, needed=needed)])


def _nearest_existing(folder: Path) -> Path:
    """The folder, or the first above it that is there; a file in the way counts as there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
