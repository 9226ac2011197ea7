"""A single command as the text of a recipe that does the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import expand_user
from nano_banana.model.problem import Invalid, problem
from nano_banana.recipe.naming import slug
from nano_banana.recipe.recipe_model import no_shelf
from nano_banana.store.local_store import Store

_PLAIN_TEXT = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9./_][A-Za-z0-9./_ @-]*(?<! )")
_NOT_TEXT = re.compile(r"[0-9._+-]+([eE][0-9+-]+)?|0[xob][0-9a-fA-F_]+|[0-9]{4}-[0-9-]+.*|[.](inf|nan)", re.IGNORECASE)
"""Text that YAML reads as a number or a date."""
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_BLANKS = re.compile(r"[ \t\r\n]+")
"""Templates read these as one blank."""
_TEMPLATE_SIGNS = ("{{", "{%", "{#")
FOLD_WIDTH = 100
"""Columns of folded text."""


def flow_yaml(value: JSONValue) -> str:
    """The value on one line: `{width: 880, height: 1104}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{plain_yaml(name)}: {flow_yaml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_yaml(item) for item in value) + "]"
    if isinstance(value, str):
        return plain_yaml(value)
    # People write `2`, and not `2.0`.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else json.dumps(value)


def plain_yaml(text: str) -> str:
    """A text that is not a template: unquoted if YAML reads it as text, else quoted."""
    if any(sign in text for sign in _TEMPLATE_SIGNS):
        # The recipe is a template itself, so text that looks like one is written as a template.
        text = "{{ " + json.dumps(text, ensure_ascii=False) + " }}"
    if _PLAIN_TEXT.fullmatch(text) and not _NOT_TEXT.fullmatch(text) and text.casefold() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def folded_yaml(text: str, indent: int) -> str:
    """A template's text, on several lines if it is long; runs of blanks and line breaks become one blank."""
    words = _BLANKS.sub(" ", text).strip(" ")
    if not words.isprintable() or len(words) < FOLD_WIDTH - indent:
        return json.dumps(words, ensure_ascii=False)
    lines = textwrap.wrap(words, FOLD_WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return ">-\n" + textwrap.indent("\n".join(lines), " " * indent)


SCALE, BESIDE = 0.95, 0.3
"""The default scales of the first adapter (a person's) and of others (styles)."""


class AdapterRef(Struct, frozen=True, kw_only=True):
    """An adapter under a name in the recipe: a version on the shelf (`model`), or a `file`.

    `base` is the model family, empty if unknown; nothing is known of a file.
    """

    name: str
    scale: float
    model: str = ""
    file: Path | None = None
    base: str = ""
    subject: str = ""
    trigger: str = ""
    noun: str = ""


def adapter_refs(store: Path, references: Sequence[str], scales: Sequence[float]) -> list[AdapterRef]:
    """Each adapter that is asked for, with its scale or the default one.

    Raises Invalid for names that are neither on the shelf nor a file, for one that is named twice, and for more scales
    than adapters.
    """
    if len(scales) > len(references):
        raise Invalid([problem("too_many_scales", scales=len(scales), models=len(references))])
    found: list[AdapterRef] = []
    for at, reference in enumerate(references):
        scale = scales[at] if at < len(scales) else BESIDE if at else SCALE
        worn = _adapter_ref(store, reference, scale)
        if any((other.model, other.file) == (worn.model, worn.file) for other in found):
            raise Invalid([problem("model_twice", model=reference)])
        found.append(replace(worn, name=_free_name(worn.name, [other.name for other in found])))
    return found


def _adapter_ref(store: Path, reference: str, scale: float) -> AdapterRef:
    path = expand_user(reference)
    if path.suffix.casefold() == ".safetensors":
        if not path.is_file():
            raise Invalid([problem("no_such_model_file", path=reference)])
        return AdapterRef(name=slug(path.stem), scale=scale, file=path.absolute())
    if not store.is_dir():
        no_shelf(reference)
    with Store.open(store) as opened:
        shelved = opened.shelf.get(reference)
    card = shelved.card
    return AdapterRef(
        name=shelved.name,
        scale=scale,
        model=shelved.reference,
        base=card.base,
        subject=card.subject,
        trigger=card.trigger,
        noun=card.noun,
    )


def _free_name(name: str, taken: Sequence[str]) -> str:
    """A name that no other adapter of the recipe has."""
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if each not in taken)


def shelf_reference(store: Path, name: str, digest: str) -> str | None:
    """The shelf's name for the adapter with these bytes, if possible under this `name`; None if it is not there."""
    with Store.open(store) as opened:
        found = [shelved for shelved in opened.shelf.all() if shelved.digest == digest]
    return next((shelved.reference for shelved in sorted(found, key=lambda each: each.name != name)), None)


SEED_TAG = "nano-banana/single/1"


class SinglePerson(Struct, frozen=True, kw_only=True):
    """A person in the pictures; an adapter is trained on the `photos` in a folder."""

    name: str
    noun: str
    trigger: str
    photos: Path | None = None


class SingleCommand(Struct, frozen=True, kw_only=True):
    """What one command asks for. `verb` is its stage's kind; `name` is the recipe's and the output folder's.

    Each of `pictures` is opened as a take of its own; `images` all go into one request. A `mask` has one shape, or
    there is a `mask_file`. Without `seeds`, `count` of them are derived from the prompt. `prompt_text` is the user's,
    `prompt_prefix` goes before it. `options` are the endpoint's own fields, `settings` the stage's other keys. Files
    are absolute; `root` is the project's.
    """

    command: str
    verb: str = ""
    name: str = ""
    endpoint: str = ""
    person: SinglePerson | None = None
    adapters: Sequence[AdapterRef] = ()
    prompt_text: str = ""
    prompt_prefix: str = ""
    pictures: Sequence[Path] = ()
    images: Sequence[Path] = ()
    mask: JSONObject = field(default_factory=dict)
    mask_file: Path | None = None
    settings: JSONObject = field(default_factory=dict)
    options: JSONObject = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    count: int = 1
    provider: str | None = None
    budget_usd: float | None = None
    root: Path = Path()

    @property
    def prompt(self) -> str:
        """The whole prompt; empty if there is none."""
        return ", ".join(filter(None, [self.prompt_prefix, self.prompt_text]))

    @property
    def seeds_used(self) -> tuple[int, ...]:
        """The seeds of its takes. The first ones are the same for every count and setting."""
        if self.seeds:
            return self.seeds
        drawn = (
            hashlib.sha256(f"{SEED_TAG}\n{self.prompt_text}\n{at}".encode(errors="surrogatepass")).digest()
            for at in count()
        )
        distinct: dict[int, None] = {}
        while len(distinct) < self.count:
            distinct[int.from_bytes(next(drawn)[:4], "big") >> 1] = None
        return tuple(distinct)


def with_missing_triggers(single: SingleCommand) -> tuple[SingleCommand, tuple[str, ...]]:
    """The command with missing triggers put before its prompt, and the added words.

    The first adapter's person is the subject of the prompt; a style has its own trigger.
    """
    said: list[str] = []
    front: list[str] = []
    for model in single.adapters:
        is_subject = single.person is not None and model.trigger == single.person.trigger
        named = model.trigger in single.prompt or (is_subject and "subject.trigger" in single.prompt)
        if model.trigger and not named:
            said.append(f"{model.trigger} {model.noun}".strip())
            front.append("{{ subject.trigger }} {{ subject.noun }}" if is_subject else said[-1])
    return replace(single, prompt_prefix=", ".join(front)), tuple(said)


STAGE, OPENED, PROMPT = "pictures", "opened", "prompt"
"""The recipe's names for its stage, the stage that opens pictures, and its template."""

LONGEST_WORDS = 24
"""The most characters of the prompt in a shot's name."""

ADAPTER_ID = "adapter"
"""The id of the stage that trains."""

RECIPE_HEAD = """\
# What `nano-banana {command}` does, as a recipe: `nano-banana run` with this file makes nothing twice.
nano_banana: 1
name: {name}
"""

WritePath: TypeAlias = Callable[[Path], str]
"""Writes a path as the recipe does."""


def recipe_text(single: SingleCommand, folder: Path) -> str:
    """The recipe, with its paths relative to `folder`; the same command always has the same recipe."""
    return _write_recipe(single, folder, shot_name(single))


def shot_name(single: SingleCommand) -> str:
    """The name of its shot: the prompt's first words, and a digest of all that determines its pictures."""
    bare = replace(single, seeds=(0,), provider=None, budget_usd=None, name="")
    mark = hashlib.sha256(_write_recipe(bare, single.root, "").encode(errors="surrogatepass")).hexdigest()[:6]
    words = slug(single.prompt_text or single.verb)
    # Not cut in the middle of a word, if there are several.
    head = words if len(words) <= LONGEST_WORDS else words[:LONGEST_WORDS].rpartition("-")[0] or words[:LONGEST_WORDS]
    return f"{head}-{mark}"


def _write_recipe(single: SingleCommand, folder: Path, shot: str) -> str:
    write = partial(_relative_path, folder.absolute())
    parts = [_head_text(single), _subject_text(single, write), _adapter_text(single, write), _template_text(single)]
    parts += [_shot_text(single, write, shot), _stages_text(single, write, shot)]
    return "\n".join(part for part in parts if part)


def _relative_path(folder: Path, path: Path) -> str:
    """Relative to the folder; never starts with `~`. Raises Invalid for bytes that are not UTF-8."""
    name = Path(os.path.relpath(path, folder)).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Invalid([problem("name_not_utf8", path=name)]) from error
    return plain_yaml(f"./{name}" if name.startswith("~") else name)


def _head_text(single: SingleCommand) -> str:
    text = RECIPE_HEAD.format(command=single.command, name=plain_yaml(single.name))
    if single.provider is not None:
        text += f"provider: {plain_yaml(single.provider)}\n"
    if single.budget_usd is not None:
        text += f"limits: {flow_yaml({'budget_usd': single.budget_usd})}\n"
    return text


def _subject_text(single: SingleCommand, write: WritePath) -> str:
    person = single.person
    if person is None:
        return ""
    if person.photos is None:
        return f"subjects:\n  {person.name}: {flow_yaml({'noun': person.noun, 'trigger': person.trigger})}\n"
    return (
        f"subjects:\n"
        f"  {person.name}:\n"
        f"    noun: {plain_yaml(person.noun)}\n"
        f"    trigger: {plain_yaml(person.trigger)}"
        "  # a word that no model has an idea of: it will stand for this person\n"
        f"    training_set: {write(person.photos)}  # a caption is a .txt of the photo's name beside it\n"
    )


def _adapter_text(single: SingleCommand, write: WritePath) -> str:
    lines = [
        f"  {model.name}: {{model: {plain_yaml(model.model)}}}"
        f"  # on the shelf: `nano-banana models show {model.model}`\n"
        if model.file is None
        else f"  {model.name}: {{file: {write(model.file)}}}\n"
        for model in single.adapters
    ]
    return "".join(["adapters:\n", *lines]) if lines else ""


def _template_text(single: SingleCommand) -> str:
    return f"templates:\n  {PROMPT}: {folded_yaml(single.prompt, 4)}\n" if single.prompt else ""


def _shot_text(single: SingleCommand, write: WritePath, shot: str) -> str:
    if single.verb == "train":
        return ""
    lines = [f"shots:\n  {shot}:\n"]
    if single.pictures:
        lines.append(f"    pictures:{_path_list(single.pictures, write, 6)}")
    if single.prompt:
        lines.append(f"    template: {PROMPT}\n")
    if single.person is not None:
        lines.append(f"    cast: {single.person.name}\n")
    return "".join([*lines, f"    seeds: {flow_yaml(list(single.seeds_used))}\n"])


def _path_list(paths: Sequence[Path], write: WritePath, indent: int) -> str:
    """One path on the same line, several on lines of their own."""
    if len(paths) == 1:
        return f" [{write(paths[0])}]\n"
    return "".join(["\n", *(f"{' ' * indent}- {write(path)}\n" for path in paths)])


def _stages_text(single: SingleCommand, write: WritePath, shot: str) -> str:
    opening = f"  - {{id: {OPENED}, open: {shot}}}\n" if single.pictures else ""
    return "".join(["stages:\n", opening, *_stage_lines(single, write, shot)])


def _stage_lines(single: SingleCommand, write: WritePath, shot: str) -> Iterator[str]:
    if single.verb == "train" and single.person is not None:
        yield f"  - id: {ADAPTER_ID}\n    train: {single.person.name}\n"
    else:
        yield f"  - id: {STAGE}\n    {single.verb}: {OPENED if single.pictures else shot}\n"
    if single.images:
        yield f"    images:{_path_list(single.images, write, 6)}"
    if single.mask_file is not None:
        shape = f"file: {write(single.mask_file)}"
        more = "".join(f", {name}: {flow_yaml(value)}" for name, value in single.mask.items())
        yield f"    mask: {{{shape}{more}}}\n"
    elif single.mask:
        yield f"    mask: {flow_yaml(single.mask)}\n"
    yield f"    using: {plain_yaml(single.endpoint)}\n"
    for name, value in single.settings.items():
        yield f"    {name}: {flow_yaml(value)}\n"
    worn: dict[str, JSONValue] = {model.name: model.scale for model in single.adapters}
    if worn:
        yield f"    adapters: {flow_yaml(worn)}\n"
    if single.options:
        yield f"    with: {flow_yaml(single.options)}\n"


IMAGE_ARGUMENT = "argument IMAGE"
_SECTION_OPTIONS = {
    "name": "option --name",
    "provider": "option --provider",
    "limits": "option --budget",
    "adapters": "option --model",
    "templates": "option --prompt",
}
_KEY_OPTIONS = {
    "noun": "option --noun",
    "trigger": "option --trigger",
    "training_set": "option --images-dir",
    "pictures": IMAGE_ARGUMENT,
    "images": IMAGE_ARGUMENT,
    "cast": "option --model",
    "seeds": "option --seed",
    "using": "option --using",
    "adapters": "option --scale",
    "steps": "option --steps",
}
_MASK_OPTIONS = {"file": "mask", "find": "find", "grow": "grow", "feather": "feather"}
_KEY = re.compile(r" {4}(\w+):")


def option_at(single: SingleCommand, roles: Mapping[str, str], text: str, line: int, column: int) -> str:
    """The part of the command line that a place in its recipe comes from: `option --prompt`, `argument IMAGE`.

    `roles` are the endpoint's roles with their fields.
    """
    above = text.split("\n")[line - 1 :: -1]
    start = next(number for number, row in enumerate(above) if row[:1].isalpha())
    section, before = above[start].partition(":")[0], above[0][: column - 1]
    if section in _SECTION_OPTIONS:
        return _SECTION_OPTIONS[section]
    key = next((found[1] for row in above[:start] if (found := _KEY.match(row))), "")
    if key == "mask":
        return f"option --{_MASK_OPTIONS[_last_key(_MASK_OPTIONS, before) or 'find']}"
    if key == "with":
        field = _last_key(single.options, before)
        return f"option --{next((role for role, name in roles.items() if name == field), 'using')}"
    if section == "subjects":
        known = single.verb == "train"
        return _KEY_OPTIONS.get(key, "option --name") if known else "option --model"
    if section == "shots":
        return _KEY_OPTIONS.get(key) or ("option --prompt" if single.prompt_text else IMAGE_ARGUMENT)
    return _KEY_OPTIONS.get(key, "option --using")


def _last_key(names: Iterable[str], before: str) -> str:
    """The name that is the last key in a text."""
    return max(names, key=lambda name: before.rfind(f"{name}: "), default="")
