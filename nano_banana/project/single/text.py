"""A single command's recipe as text, for a folder that it may lie in."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONValue
from nano_banana.project.single.single import Single
from nano_banana.project.single.yaml import flow, folded, plain
from nano_banana.recipe.slug import slug

STAGE, OPENED, PROMPT = "pictures", "opened", "prompt"
"""What the recipe calls its stage, the one that opens pictures, and its template."""

LONGEST = 24
"""Characters of a shot's name that are the user's words."""

ADAPTER = "adapter"
"""What the stage is called that trains."""

HEAD = """\
# What `nano-banana {command}` does, as a recipe: `nano-banana run` with this file makes nothing twice.
nano_banana: 1
name: {name}
"""

Written: TypeAlias = Callable[[Path], str]
"""A path as the recipe writes it."""


def recipe_text(single: Single, folder: Path) -> str:
    """The recipe, with its paths as seen from `folder`; always the same for the same command."""
    return _written(single, folder, shot_of(single))


def shot_of(single: Single) -> str:
    """What its shot is called: after its words, and told apart from others by all that makes its pictures."""
    bare = replace(single, seeds=(0,), provider=None, budget_usd=None, name="")
    mark = hashlib.sha256(_written(bare, single.root, "").encode(errors="surrogatepass")).hexdigest()[:6]
    words = slug(single.words or single.verb)
    # Not in the middle of a word, where there are several.
    head = words if len(words) <= LONGEST else words[:LONGEST].rpartition("-")[0] or words[:LONGEST]
    return f"{head}-{mark}"


def _written(single: Single, folder: Path, shot: str) -> str:
    write = partial(_path, folder.absolute())
    parts = [_head(single), _people(single, write), _adapters(single, write), _template(single)]
    parts += [_shot(single, write, shot), _stages(single, write, shot)]
    return "\n".join(part for part in parts if part)


def _path(folder: Path, path: Path) -> str:
    """Seen from the folder; never one that begins like a home folder. Raises Invalid for bytes that are not UTF-8."""
    name = Path(os.path.relpath(path, folder)).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Invalid([trouble("name_not_utf8", path=name)]) from error
    return plain(f"./{name}" if name.startswith("~") else name)


def _head(single: Single) -> str:
    text = HEAD.format(command=single.command, name=plain(single.name))
    if single.provider is not None:
        text += f"provider: {plain(single.provider)}\n"
    if single.budget_usd is not None:
        text += f"limits: {flow({'budget_usd': single.budget_usd})}\n"
    return text


def _people(single: Single, write: Written) -> str:
    person = single.person
    if person is None:
        return ""
    if person.photos is None:
        return f"subjects:\n  {person.name}: {flow({'noun': person.noun, 'trigger': person.trigger})}\n"
    return (
        f"subjects:\n"
        f"  {person.name}:\n"
        f"    noun: {plain(person.noun)}\n"
        f"    trigger: {plain(person.trigger)}  # a word that no model has an idea of: it will stand for this person\n"
        f"    training_set: {write(person.photos)}  # a caption is a .txt of the photo's name beside it\n"
    )


def _adapters(single: Single, write: Written) -> str:
    lines = [
        f"  {model.name}: {{model: {plain(model.model)}}}  # on the shelf: `nano-banana models show {model.model}`\n"
        if model.file is None
        else f"  {model.name}: {{file: {write(model.file)}}}\n"
        for model in single.models
    ]
    return "".join(["adapters:\n", *lines]) if lines else ""


def _template(single: Single) -> str:
    return f"templates:\n  {PROMPT}: {folded(single.prompt, 4)}\n" if single.prompt else ""


def _shot(single: Single, write: Written, shot: str) -> str:
    if single.verb == "train":
        return ""
    lines = [f"shots:\n  {shot}:\n"]
    if single.pictures:
        lines.append(f"    pictures:{_list(single.pictures, write, 6)}")
    if single.prompt:
        lines.append(f"    template: {PROMPT}\n")
    if single.person is not None:
        lines.append(f"    cast: {single.person.name}\n")
    return "".join([*lines, f"    seeds: {flow(list(single.sown))}\n"])


def _list(paths: Sequence[Path], write: Written, indent: int) -> str:
    """One path on the line, more on lines of their own."""
    if len(paths) == 1:
        return f" [{write(paths[0])}]\n"
    return "".join(["\n", *(f"{' ' * indent}- {write(path)}\n" for path in paths)])


def _stages(single: Single, write: Written, shot: str) -> str:
    opening = f"  - {{id: {OPENED}, open: {shot}}}\n" if single.pictures else ""
    return "".join(["stages:\n", opening, *_stage(single, write, shot)])


def _stage(single: Single, write: Written, shot: str) -> Iterator[str]:
    if single.verb == "train" and single.person is not None:
        yield f"  - id: {ADAPTER}\n    train: {single.person.name}\n"
    else:
        yield f"  - id: {STAGE}\n    {single.verb}: {OPENED if single.pictures else shot}\n"
    if single.images:
        yield f"    images:{_list(single.images, write, 6)}"
    if single.mask_file is not None:
        shape = f"file: {write(single.mask_file)}"
        more = "".join(f", {name}: {flow(value)}" for name, value in single.mask.items())
        yield f"    mask: {{{shape}{more}}}\n"
    elif single.mask:
        yield f"    mask: {flow(single.mask)}\n"
    yield f"    using: {plain(single.endpoint)}\n"
    for name, value in single.settings.items():
        yield f"    {name}: {flow(value)}\n"
    worn: dict[str, JSONValue] = {model.name: model.scale for model in single.models}
    if worn:
        yield f"    adapters: {flow(worn)}\n"
    if single.options:
        yield f"    with: {flow(single.options)}\n"


IMAGE = "argument IMAGE"
_SECTIONS = {
    "name": "option --name",
    "provider": "option --provider",
    "limits": "option --budget",
    "adapters": "option --model",
    "templates": "option --prompt",
}
_KEYS = {
    "noun": "option --noun",
    "trigger": "option --trigger",
    "training_set": "option --images-dir",
    "pictures": IMAGE,
    "images": IMAGE,
    "cast": "option --model",
    "seeds": "option --seed",
    "using": "option --using",
    "adapters": "option --scale",
    "steps": "option --steps",
}
_MASK = {"file": "mask", "find": "find", "grow": "grow", "feather": "feather"}
_KEY = re.compile(r" {4}(\w+):")


def option_at(single: Single, roles: Mapping[str, str], text: str, line: int, column: int) -> str:
    """The part of the command line that a place in its recipe comes from: `option --prompt`, `argument IMAGE`.

    `roles` are those of its endpoint, with the fields that they stand for.
    """
    above = text.split("\n")[line - 1 :: -1]
    start = next(number for number, row in enumerate(above) if row[:1].isalpha())
    section, before = above[start].partition(":")[0], above[0][: column - 1]
    if section in _SECTIONS:
        return _SECTIONS[section]
    key = next((found[1] for row in above[:start] if (found := _KEY.match(row))), "")
    if key == "mask":
        return f"option --{_MASK[_last(_MASK, before) or 'find']}"
    if key == "with":
        field = _last(single.options, before)
        return f"option --{next((role for role, name in roles.items() if name == field), 'using')}"
    if section == "subjects":
        known = single.verb == "train"
        return _KEYS.get(key, "option --name") if known else "option --model"
    if section == "shots":
        return _KEYS.get(key) or ("option --prompt" if single.words else IMAGE)
    return _KEYS.get(key, "option --using")


def _last(names: Iterable[str], before: str) -> str:
    """Which of the names is the last to be a key in a text."""
    return max(names, key=lambda name: before.rfind(f"{name}: "), default="")
