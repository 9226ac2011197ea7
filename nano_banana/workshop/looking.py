"""Pictures looked at without a store: for questions outside of recipes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nano_banana.core.errors import CallFailed, Invalid, NanoBananaError, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem
from nano_banana.store.stamp import stamp_of

if TYPE_CHECKING:
    from nano_banana.providers.pool import WorkPool

Sight: TypeAlias = bytes | Problem | None
"""The embedding of a picture's largest face (128 floats of 32 bits); None: no face; or why it can't be read."""

SIDE_BY_SIDE = 4
"""Files that are checked at one time: each may take the memory of a large picture."""

ALONE = 4
"""So few pictures are looked at before a worker process has begun."""


def look_at(
    paths: Iterable[Path], *, processes: int | None = None, tell: Callable[[int], None] | None = None
) -> Mapping[Path, Sight]:
    """Look at each distinct picture once, in `processes` processes (None: one a processor) where they are many.

    `tell` hears after each how many are done. Raises Unusable where faces can't be looked at here.
    """
    distinct = list(dict.fromkeys(paths))
    if len(distinct) <= ALONE:
        return {path: glance(path) for path in distinct}
    return asyncio.run(_shared(distinct, processes or os.cpu_count() or 1, tell))


def flaws(files: Mapping[Path, str], masks: Collection[Path] = ()) -> Mapping[Path, Sequence[Problem]]:
    """What keeps each of these files (by media type) from being used; those that are as they should be are absent.

    Pictures are decoded, captions read as text, and the headers of adapters checked.
    """
    from concurrent.futures import ThreadPoolExecutor

    def flaw(path: Path) -> Sequence[Problem]:
        try:
            _check(path, files[path], is_mask=path in masks)
        except (CallFailed, Invalid) as error:
            return error.problems
        return ()

    # Pillow decodes outside of the interpreter's lock.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = zip(files, pool.map(flaw, files), strict=True)
        return {path: problems for path, problems in found if problems}


def _check(path: Path, media: str, *, is_mask: bool) -> None:
    from nano_banana.providers.compute.intact import check_mask, check_picture
    from nano_banana.shelf.header import read_header

    try:
        stamp_of(str(path))
    except OSError as error:
        raise CallFailed([trouble("file_unreadable", path=str(path), why=error.strerror or "")]) from error
    if is_mask:
        check_mask(path)
    elif media.startswith("image/"):
        check_picture(path)
    elif media == "text/plain":
        try:
            path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CallFailed([trouble("caption_not_text", input=str(path))]) from error
        except OSError as error:
            raise CallFailed([trouble("photo_unreadable", path=str(path), why=error.strerror or "")]) from error
    elif path.suffix.casefold() == ".safetensors":
        read_header(path, name=str(path))


def glance(path: Path) -> Sight:
    """Look at one picture in this process. Raises Unusable as `look_at` does."""
    from nano_banana.providers.compute.look import largest_face

    try:
        return largest_face(path)
    except CallFailed as error:
        return error.problems[0]


def networks() -> JSONObject:
    """The networks that look, and their digests."""
    from nano_banana.providers.compute.look import networks as used

    return used()


async def _shared(paths: list[Path], processes: int, tell: Callable[[int], None] | None) -> Mapping[Path, Sight]:
    # On demand: two pictures need no pool.
    from nano_banana.providers.pool import WorkPool

    pool = WorkPool(processes)
    waiting = iter(paths)
    seen: dict[Path, Sight] = {}

    async def work() -> None:
        for path in waiting:
            seen[path] = await _looked(pool, path)
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


async def _looked(pool: WorkPool, path: Path) -> Sight:
    with suppress(CallFailed):
        return await pool.run(glance, path)
    # A worker died. It may have been over this picture, or over a neighbour's: that takes all of them along.
    try:
        return await pool.run(glance, path)
    except CallFailed as died:
        return died.problems[0]
