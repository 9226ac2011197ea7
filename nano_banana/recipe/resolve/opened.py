"""Shots of pictures that are there already: their files, by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from nano_banana.core.json import JSONValue
from nano_banana.core.json import as_object
from nano_banana.recipe.model import PICTURE
from nano_banana.recipe.model import Shot
from nano_banana.recipe.model import Stage
from nano_banana.recipe.model import Text
from nano_banana.recipe.model import Where
from nano_banana.recipe.model import asking
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.reading import Reading
from nano_banana.recipe.resolve.reading import names_in
from nano_banana.recipe.resolve.sources import before
from nano_banana.recipe.resolve.subjects import photo_set
from nano_banana.recipe.slug import slug

DRAWS_NOTHING = {"open", "gate", "choose"}
"""Verbs whose stages hand on the picture that they got."""


def read_pictures(reading: Reading, value: JSONValue, where: Where) -> Mapping[str, Path]:
    """The picture files of a shot by their keys; what is missing or no picture is noted."""
    paths = [photo.path for photo in photo_set(reading, value, where)]
    keys = keys_of(paths)
    twice = Counter(keys)
    for key, path in zip(keys, paths, strict=True):
        if twice[key] > 1:
            reading.wrong("pictures_alike", where, path=path.name, key=key)
    return dict(zip(keys, paths, strict=True))


def keys_of(paths: Sequence[Path]) -> list[str]:
    """A key for each path, from its name alone; where two would be the same, from more of the path.

    So a key does not hang on the order of the files, nor on where the recipe lies.
    """
    keys: dict[Path, str] = {}
    last: dict[Path, str] = {}
    left = list(paths)
    for names in zip(*(_names(path, _deepest(paths)) for path in paths), strict=True):
        level = dict(zip(paths, (slug(name) for name in names), strict=True))
        counts = Counter([*keys.values(), *(level[path] for path in left)])
        keys |= {path: level[path] for path in left if counts[level[path]] == 1}
        left = [path for path in left if path not in keys]
        last = level
    return [keys.get(path) or last[path] for path in paths]


def _deepest(paths: Iterable[Path]) -> int:
    return max((len(path.parts) for path in paths), default=0)


def _names(path: Path, depth: int) -> Iterator[str]:
    """What a path may be called: its stem, its name, its name after its folder's, and so on."""
    yield path.stem
    for count in range(1, depth + 1):
        yield "-".join(path.parts[-count:])


def shots_for(
    reading: Reading, verb: str, value: JSONValue, known: Mapping[str, Shot], where: Where
) -> tuple[str, ...]:
    """The shots that a `generate` stage draws, or that an `open` stage opens; one of the other sort is noted."""
    written = reading.section("shots")
    opens = verb == "open"
    fit = {name for name in written if ("pictures" in as_object(written[name])) == opens}
    if value == ALL:
        return tuple(name for name in known if name in fit)
    named = names_in(reading, "shot", value, written, where)
    for name in named:
        if name not in fit:
            reading.wrong("shot_drawn" if opens else "shot_opened", where, shot=name)
    return tuple(name for name in named if name in known and name in fit)


def check_opened(reading: Reading, stages: list[Stage], drawn: Mapping[str, list[Shot]]) -> None:
    """Note stages that paint pictures of a shot that has no words, and retries that would open a picture again."""
    for stage in asking(stages):
        for shot in drawn[stage.id] if stage.verb == "inpaint" and stage.prompt is None else ():
            if shot.pictures and shot.template == wordless(shot.where):
                reading.wrong("no_prompt", stage.where, stage=stage.id, shot=shot.name)
    for stage in stages:
        retries = stage.gate is not None and stage.gate.retries
        above = before(stages, stage)
        if retries and above and all(other.verb in DRAWS_NOTHING for other in above):
            reading.wrong_key("retry_opened", (*stage.where, "retry"), stage=stage.id)


def wordless(where: Where) -> Text:
    """The template of a shot of pictures that has none."""
    return Text(text="", where=(*where, "pictures"))


def check_axis(reading: Reading, matrix: Mapping[str, object], where: Where) -> None:
    """Note an axis of the recipe's that is called as that of the pictures."""
    if PICTURE in matrix:
        reading.wrong_key("reserved_name", (*where, "matrix", PICTURE), name=PICTURE)
