"""Shots of pictures that are there already: their files, by key."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from nano_banana.core.json import JSONValue, as_object
from nano_banana.recipe.model import PICTURE, Shot, Stage, Text, Where, asking
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.reading import Reading, names_in
from nano_banana.recipe.resolve.sources import before
from nano_banana.recipe.resolve.subjects import photo_set
from nano_banana.recipe.slug import marked, slug

DRAWS_NOTHING = {"open", "gate", "choose"}
"""Verbs whose stages hand on the picture that they got."""


def read_pictures(reading: Reading, value: JSONValue, where: Where) -> Mapping[str, Path]:
    """The picture files of a shot by their keys; what is missing or no picture is noted."""
    paths = [photo.path for photo in photo_set(reading, value, where)]
    return dict(zip(keys_of(paths), paths, strict=True))


def keys_of(paths: Sequence[Path]) -> list[str]:
    """A key for each path, from its name alone; where two would be the same, from more of the way to them.

    Names that differ by signs or case only (`ana (1).jpg` and `ana-1.jpg`) get a mark of their own. So a key does not
    hang on the order of the files, nor on where all of them lie.
    """
    if not paths:
        return []
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    ways = {path: path.relative_to(shared).parts for path in paths}
    keys = {path: slug(path.stem) for path in paths}
    for count in range(1, max(map(len, ways.values())) + 1):
        times = Counter(keys.values())
        keys = {path: slug("-".join(ways[path][-count:])) if times[key] > 1 else key for path, key in keys.items()}
    times = Counter(keys.values())
    return [marked("/".join(ways[path]), keys[path]) if times[keys[path]] > 1 else keys[path] for path in paths]


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
