"""Whether two pictures show the same person, and how often that is right.

Worker processes import this module to look at pictures, so it imports no picture library at the top level.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from nano_banana.model.problem import CallFailed, Invalid, NanoBananaError, Position, Problem, problem
from nano_banana.providers.workers import WorkerPool

TRUTHS: Mapping[str, bool | None] = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "same"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "different"), False),
    "": None,
}
"""The values of `truth`, in upper or lower case."""


class PicturePair(Struct, frozen=True, kw_only=True):
    """Two pictures by name, and whether they are known to show one person (None: unknown)."""

    a: str
    b: str
    truth: bool | None = None


def read_pairs(file: Path) -> list[PicturePair]:
    """The pairs of a CSV file with the columns `a`, `b` and optionally `truth`; other columns are ignored.

    UTF-8, with or without a byte order mark; commas, semicolons or tabs. Spaces around values and empty lines are
    ignored. Raises Invalid with every mistake: `pairs_missing`, `file_unreadable`, `pairs_not_text`,
    `pairs_header`, `pairs_row`, `pairs_truth`, `pairs_quotes`.
    """
    rows = _rows(file)
    line, head = next(rows, (1, []))
    columns = {name.casefold(): at for at, name in reversed(list(enumerate(head)))}
    if not {"a", "b"} <= set(columns):
        raise Invalid([problem("pairs_header", position=_place(file, line), found=", ".join(head) or "nothing")])
    pairs: list[PicturePair] = []
    problems: list[Problem] = []
    for number, row in rows:
        cells = {name: row[at] if at < len(row) else "" for name, at in columns.items()}
        missing = [name for name in ("a", "b") if not cells[name]]
        truth = cells.get("truth", "").casefold()
        if missing:
            problems.append(problem("pairs_row", position=_place(file, number), missing=missing))
        elif truth not in TRUTHS:
            problems.append(problem("pairs_truth", position=_place(file, number), found=cells["truth"]))
        else:
            pairs.append(PicturePair(a=cells["a"], b=cells["b"], truth=TRUTHS[truth]))
    if problems:
        raise Invalid(problems)
    return pairs


def _rows(file: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row that is not empty, and the line that it begins on."""
    text = io.StringIO(_pairs_text(file), newline=None)
    head = text.readline()
    text.seek(0)
    delimiter = next((sign for sign in ",;\t" if sign in head), ",")
    # Not strict: `"a.jpg" , "b.jpg"` is plain enough.
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            if any("\n" in cell for cell in row):
                raise Invalid([problem("pairs_quotes", position=_place(file, line))])
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid([problem("pairs_quotes", position=_place(file, line))]) from error


def _pairs_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid([problem("pairs_not_text", file=str(file))]) from error
    except FileNotFoundError as error:
        raise Invalid([problem("pairs_missing", file=str(file))]) from error
    except OSError as error:
        raise Invalid([problem("file_unreadable", path=str(file), why=error.strerror)]) from error


def _place(file: Path, line: int) -> Position:
    return Position(file=str(file), line=line, column=1)


SAME_PERSON_THRESHOLD = 0.363
"""From this cosine, OpenCV takes two faces for one person's (SFace, tested on LFW)."""

NO_FACE = "no_face"
UNREADABLE = "unreadable"
NOT_FOUND = "not_found"


class ComparedPair(Struct, frozen=True, kw_only=True):
    """A pair, with the cosine of its largest faces (−1 to 1); None for the given `reason`."""

    pair: PicturePair
    similarity: float | None = None
    reason: str | None = None
    blamed: tuple[str, ...] = ()
    """The pictures that cause the reason."""

    def same(self, threshold: float) -> bool | None:
        """Whether they show one person."""
        return None if self.similarity is None else self.similarity >= threshold


class MatchRates(Struct, frozen=True, kw_only=True):
    """How often the comparison was right on pairs of known truth.

    `same` and `different` pairs were compared, of which `true_accepts` and `false_accepts` were called the same. `auc`
    is the chance that a same pair is more alike than a different one (None if there are none of either).
    """

    same: int
    different: int
    true_accepts: int
    false_accepts: int
    left_out: int
    auc: float | None


def compare_pictures(a: str, b: str) -> ComparedPair:
    """Compare two pictures. Raises Invalid if one can't be read, Unusable if this machine can't find faces."""
    paths = {name: Path(name) for name in (a, b)}
    absent = [name for name, path in paths.items() if not _is_file(path)]
    if absent:
        raise Invalid([problem("picture_missing", path=name) for name in absent])
    sights = embed_faces(paths.values())
    broken = [sight for sight in sights.values() if isinstance(sight, Problem)]
    if broken:
        raise Invalid(broken)
    return _compare_faces(PicturePair(a=a, b=b), sights[paths[a]], sights[paths[b]])


def compare_pairs(
    pairs: Sequence[PicturePair], folder: Path, *, tell: Callable[[int, int], None] | None = None
) -> list[ComparedPair]:
    """Compare each pair; pictures are searched in `folder`, then in the working folder.

    `tell` gets how many of how many pictures are done. Raises Unusable if this machine can't find faces.
    """
    paths = {
        name: next((path.resolve() for path in (folder / name, Path(name)) if _is_file(path)), None)
        for pair in pairs
        for name in (pair.a, pair.b)
    }
    there = sorted({path for path in paths.values() if path is not None})
    sights = embed_faces(there, tell=None if tell is None else lambda done: tell(done, len(there)))
    seen = {name: sights[path] if path else problem("picture_missing", path=name) for name, path in paths.items()}
    return [_compare_faces(pair, seen[pair.a], seen[pair.b]) for pair in pairs]


def match_rates(compared: Sequence[ComparedPair], threshold: float) -> MatchRates | None:
    """How often the comparison is right; None if no pair's truth is known."""
    known = [one for one in compared if one.pair.truth is not None]
    if not known:
        return None
    same = [one.similarity for one in known if one.pair.truth and one.similarity is not None]
    other = [one.similarity for one in known if not one.pair.truth and one.similarity is not None]
    return MatchRates(
        same=len(same),
        different=len(other),
        true_accepts=sum(similarity >= threshold for similarity in same),
        false_accepts=sum(similarity >= threshold for similarity in other),
        left_out=len(known) - len(same) - len(other),
        auc=_auc(same, other),
    )


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises for a name that is too long


def _compare_faces(pair: PicturePair, one: FaceEmbedding, other: FaceEmbedding) -> ComparedPair:
    if isinstance(one, bytes) and isinstance(other, bytes):
        return ComparedPair(pair=pair, similarity=round(_cosine(one, other), 6))
    reasons = {name: _reason(sight) for name, sight in ((pair.a, one), (pair.b, other)) if not isinstance(sight, bytes)}
    reason = next(iter(reasons.values()))
    return ComparedPair(
        pair=pair, reason=reason, blamed=tuple(name for name, found in reasons.items() if found == reason)
    )


def _reason(sight: Problem | None) -> str:
    if sight is None:
        return NO_FACE
    return NOT_FOUND if sight.kind == "picture_missing" else UNREADABLE


def _cosine(one: bytes, other: bytes) -> float:
    import numpy as np

    return float(np.frombuffer(one, np.float32) @ np.frombuffer(other, np.float32))


def _auc(same: Sequence[float], other: Sequence[float]) -> float | None:
    """The area under the curve of true over false accepts: won comparisons, ties counting half (Mann and Whitney)."""
    if not same or not other:
        return None
    ordered = sorted(other)
    won = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in same)
    return won / (2 * len(same) * len(other))


FaceEmbedding: TypeAlias = bytes | Problem | None
"""The embedding of a picture's largest face (128 32-bit floats); None for no face; a problem if it can't be read."""


WITHOUT_WORKERS = 4
"""Up to this many pictures are done before a worker process has started."""


def embed_faces(paths: Iterable[Path], tell: Callable[[int], None] | None = None) -> Mapping[Path, FaceEmbedding]:
    """Look at each distinct picture once, in worker processes if there are many.

    `tell` gets the number of pictures that are done. Raises Unusable if this machine can't find faces.
    """
    distinct = list(dict.fromkeys(paths))
    if len(distinct) <= WITHOUT_WORKERS:
        return {path: embed_face(path) for path in distinct}
    return asyncio.run(_embed_in_workers(distinct, tell))


def embed_face(path: Path) -> FaceEmbedding:
    """Look at one picture in this process. Raises Unusable if this machine can't find faces."""
    from nano_banana.providers.compute.face_endpoints import largest_face

    try:
        return largest_face(path)
    except CallFailed as error:
        return error.problems[0]


async def _embed_in_workers(paths: list[Path], tell: Callable[[int], None] | None) -> Mapping[Path, FaceEmbedding]:
    processes = os.cpu_count() or 1
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
    # A worker died, over this picture or another: one death ends all workers.
    try:
        return await pool.run(embed_face, path)
    except CallFailed as died:
        return died.problems[0]
