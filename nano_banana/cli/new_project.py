"""A new project's files: answers, commented recipe, writing them.

Existing files are never overwritten unasked; a person is added to an existing recipe with its comments kept.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import asdict

from nano_banana.formats.file_writing import as_user, atomic_write, translate_unwritable
from nano_banana.model.known_folders import expand_user, shipped_path
from nano_banana.model.problem import Invalid, problem
from nano_banana.settings.configuration import PROJECT_FILE

if TYPE_CHECKING:
    from nano_banana.recipe.pack import PackTemplate

NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
DATE_PATTERN = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TRIGGER_PATTERN = re.compile(r"\S{1,64}")
COMMON_NOUNS = ("person", "woman", "man", "girl", "boy")
"""Class words that models know; others work, too."""

DEFAULT_SCALE = 0.95
"""Scale of an adapter unless a template sets another; 0.8 to 1.1 gives a good likeness."""


class NewSubject(Struct, frozen=True, kw_only=True):
    """A subject of a new recipe. `photos` is the folder as written in the recipe, `count` its number of photos.

    `consent` is empty if none was given.
    """

    name: str
    noun: str = "person"
    trigger: str
    photos: str
    count: int = 0
    consent: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def hold_out(self) -> int:
        """Photos held out to judge likeness: 3 of 12 or more, 2 of 8 or more, else none."""
        return 3 if self.count >= 12 else 2 if self.count >= 8 else 0


class ProjectAnswers(Struct, frozen=True, kw_only=True):
    """Everything that a new recipe needs; `people` is not empty.

    `templates` are the chosen ones of packs, by `pack/name` (none: the recipe gets its own). `takes` is the number per
    shot.
    """

    name: str
    people: Sequence[NewSubject]
    templates: Mapping[str, PackTemplate] = field(default_factory=dict)
    takes: int = 2
    provider: str = "local"
    budget: float | None = None
    gate: bool = True


def derive_trigger(subject: str) -> str:
    """A rare word for the person, always the same: `ana` → `anqzk4`."""
    digest = hashlib.sha256(subject.encode()).digest()
    rare = "".join("bcdfghjkqvwxz"[byte % 13] for byte in digest[:3])
    start = re.sub(r"[^a-z]", "", subject.lower())[:2]
    return f"{start}{rare}{digest[3] % 10}"


def slugify_name(text: str) -> str:
    """A folder's name as a recipe name: `My Set 2` → `my-set-2`."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (slug if slug[:1].isalpha() else f"recipe-{slug}".rstrip("-"))[:64]


def checked_name(text: str) -> str:
    """The text, if it is a valid name. Raises Invalid."""
    if text == "all":
        raise Invalid([problem("named_all")])
    if not NAME_PATTERN.fullmatch(text):
        raise Invalid([problem("not_a_name", name=text)])
    return text


def checked_date(text: str) -> str:
    """The text, if it is a date as YYYY-MM-DD. Raises Invalid."""
    try:
        dt.date.fromisoformat(text if DATE_PATTERN.fullmatch(text) else "")
    except ValueError as error:
        raise Invalid([problem("not_a_day", day=text)]) from error
    return text


def photos_path_from(folder: Path, photos: Path) -> str:
    """The photos' folder as written in the recipe in `folder`: relative if it is near, else absolute."""
    there = expand_user(photos).absolute()
    if not there.is_dir():
        raise Invalid([problem("no_such_photos", folder=str(photos))])
    relative = os.path.relpath(there, folder.absolute())
    return str(there) if relative.startswith("../../..") else relative


_GLOB = re.compile(r"[*?\[\]\\]")
_GLOB_ESCAPED = r"\\\g<0>"

SCHEMA_FILE = "recipe.schema.json"
STARTER_FOLDER = Path(__file__).with_name("project_starter")


def starter_file(name: str) -> str:
    """The text of a file in the folder `project_starter`."""
    return (STARTER_FOLDER / f"{name}.txt").read_text("utf-8")


def project_files(answers: ProjectAnswers) -> dict[str, str]:
    """The text of each file of the project, by path."""
    ignored = dict.fromkeys(_ignore_photos(person.photos) for person in answers.people)
    schema = json.loads(shipped_path("schemas", SCHEMA_FILE).read_text("utf-8"))
    files = {
        "recipe.yaml": starter_recipe(answers),
        GITIGNORE: starter_file("gitignore") + "".join(ignored),
        PROJECT_FILE: starter_file(PROJECT_FILE),
        SCHEMA_FILE: json.dumps(schema, ensure_ascii=False) + "\n",  # on one line, because only programs read it
    }
    return files if answers.templates else {**files, "prompts/headshot.j2": starter_file("headshot.j2")}


def _ignore_photos(photos: str) -> str:
    """The .gitignore line for a photo folder of the project other than `photos/`."""
    path = PurePath(photos)
    is_ours = path.parts and not path.is_absolute() and path.parts[0] not in ("..", "~", "photos")
    return f"/{_GLOB.sub(_GLOB_ESCAPED, path.as_posix())}/\n" if is_ours else ""


def starter_recipe(answers: ProjectAnswers) -> str:
    """The text of a new recipe."""
    from jinja2 import Environment, StrictUndefined

    from nano_banana.features.single.single_recipe import flow_yaml

    # The delimiters leave `{` to YAML, and `{{` to the recipe's own prompts.
    environment = Environment(  # noqa: S701 - it writes YAML, not HTML
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters["yaml"] = flow_yaml
    names, templates = [person.name for person in answers.people], answers.templates.values()
    return environment.from_string(starter_file("recipe.yaml")).render(
        asdict(answers),
        schema=SCHEMA_FILE,
        names=names,
        cast={"each": names} if len(names) > 1 else names[0],
        seeds=[11 + 18 * at for at in range(answers.takes)] if answers.takes <= 4 else {"count": answers.takes},
        shots=[template.name for template in templates] or "headshots",
        # The lowest of the chosen templates fits all of them.
        scale=min((template.adapter_scale or DEFAULT_SCALE for template in templates), default=DEFAULT_SCALE),
    )


GITIGNORE = ".gitignore"


def check_no_overwrite(files: Mapping[str, str], folder: Path) -> None:
    """Raise Invalid (`already_there`) for each existing file; lines are only added to `.gitignore`."""
    there = [folder / name for name in files if name != GITIGNORE and os.path.lexists(folder / name)]
    if there:
        raise Invalid([problem("already_there", file=str(path)) for path in there])


def write_files(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by their names in `folder`; return their paths. Raises Unusable (`unwritable`)."""
    for name, text in files.items():
        path = folder / name
        with translate_unwritable(path), as_user():
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == GITIGNORE and path.is_file():
                _add_lines(path, text)
                continue
            with atomic_write(path) as fresh:
                fresh.write_text(text, "utf-8")
    return [folder / name for name in files]


def _add_lines(path: Path, text: str) -> None:
    """Add the lines of `text` that the file lacks."""
    there = path.read_bytes()
    lines = [line for line in text.encode().splitlines() if line not in there.splitlines()]
    with path.open("ab") as file:
        file.write(b"" if not there or there.endswith(b"\n") else b"\n")
        file.writelines(line + b"\n" for line in lines)


def make_folder(folder: Path) -> None:
    """Create the folder if needed. Raises Unusable (`unwritable`)."""
    with translate_unwritable(folder), as_user():
        folder.mkdir(parents=True, exist_ok=True)


def add_subject(recipe: Path, person: NewSubject) -> tuple[str, str]:
    """The recipe's text with the person in it, and what changed as a unified diff.

    Adds them to `subjects`, to every train stage and to every shot with one person per picture. Raises Invalid if the
    recipe can't be read, has no `subjects`, or already has that name.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100_000
    try:
        text = recipe.read_text("utf-8")
        yaml.indent(mapping=2, sequence=4, offset=2 if "\n  - " in text else 0)
        data: object = yaml.load(text)
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise Invalid([problem("recipe_unreadable", file=str(recipe), why=str(error).splitlines()[0])]) from error
    subjects = data.get("subjects") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(subjects, dict) or not subjects:
        raise Invalid([problem("recipe_without_subjects", file=str(recipe))])
    if person.name in subjects:
        raise Invalid([problem("person_twice", name=person.name)])
    known = [str(name) for name in subjects]
    subjects[person.name] = _subject_entry(person)
    for stage in _mappings_in(data.get("stages")):
        if "train" in stage:
            stage["train"] = _with_name(stage["train"], person.name, known)
    shots = data.get("shots")
    for shot in _mappings_in(list(shots.values()) if isinstance(shots, dict) else []):
        cast = shot.get("cast")
        if isinstance(cast, str) and cast in known:
            shot["cast"] = _flow_style({"each": _flow_style([cast, person.name])})
        elif isinstance(cast, dict) and "each" in cast:
            cast["each"] = _with_name(cast["each"], person.name, known)
    stream = io.StringIO()
    yaml.dump(data, stream)
    fresh = _keep_blank_line(stream.getvalue(), person.name)
    lines = difflib.unified_diff(text.splitlines(), fresh.splitlines(), recipe.name, recipe.name, n=1, lineterm="")
    return fresh, "\n".join(lines)


def _keep_blank_line(text: str, name: str) -> str:
    """Move the blank line after the last person behind the new one."""
    lines = text.splitlines(keepends=True)
    at = next((at for at, line in enumerate(lines) if line.strip() == f"{name}:"), 0)
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and lines[end].startswith(" " * (indent + 1)):
        end += 1
    if at > 0 and end < len(lines) and not lines[at - 1].strip() and lines[end].strip():
        lines[at - 1 : end] = [*lines[at:end], lines[at - 1]]
    return "".join(lines)


def _subject_entry(person: NewSubject) -> Mapping[str, object]:
    photos: object = person.photos
    if person.hold_out:
        photos = _flow_style({"photos": person.photos, "hold_out": person.hold_out})
    told: dict[str, object] = {"noun": person.noun, "trigger": person.trigger, "training_set": photos}
    if person.consent:
        told["consent"] = _flow_style(dict(person.consent))
    return told


def _mappings_in(entries: object) -> Sequence[dict[str, object]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _with_name(names: object, name: str, known: Sequence[str]) -> object:
    """Add a person to the people of a stage or a shot; other values stay."""
    if isinstance(names, str) and names in known:
        return _flow_style([names, name])
    if isinstance(names, list):
        names.append(name)
    return names


def _flow_style(value: Mapping[str, object] | Sequence[object]) -> object:
    """The value in YAML's flow style, on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    made = CommentedMap(value) if isinstance(value, Mapping) else CommentedSeq(value)
    made.fa.set_flow_style()
    return made
