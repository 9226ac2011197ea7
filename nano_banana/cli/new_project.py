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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from msgspec import Struct, field

from nano_banana.formats.file_writing import as_user, atomic_write, translate_unwritable
from nano_banana.model.known_folders import expand_user, shipped_path
from nano_banana.model.problem import Invalid, problem
from nano_banana.settings.configuration import PROJECT_FILE

NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
DATE_PATTERN = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TRIGGER_PATTERN = re.compile(r"\S{1,64}")
COMMON_NOUNS = ("person", "woman", "man", "girl", "boy")
"""Class words that models know; others work, too."""

DEFAULT_TRAINER = "fal-ai/flux-lora-fast-training"
DEFAULT_SCALE = 0.95
"""Scale of an adapter unless a template sets another; 0.8 to 1.1 gives a good likeness."""


class TemplateChoice(Struct, frozen=True, kw_only=True):
    """A pack template to choose: `pack/name`, its description, and suitable nouns (empty: any)."""

    name: str
    title: str
    about: str
    nouns: tuple[str, ...] = ()
    scale: float = DEFAULT_SCALE
    gate: bool = True

    def suits(self, noun: str) -> bool:
        """Whether it suits a person with this noun."""
        return not self.nouns or noun in self.nouns


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

    `offers` are the chosen pack templates (none: the recipe gets its own). `takes` is the number per shot.
    """

    name: str
    people: Sequence[NewSubject]
    offers: Sequence[TemplateChoice] = ()
    takes: int = 2
    provider: str = "local"
    budget: float | None = None
    gate: bool = True

    @property
    def scale(self) -> float:
        """The adapter's scale: the lowest of the chosen templates."""
        return min((offer.scale for offer in self.offers), default=DEFAULT_SCALE)


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
    if not DATE_PATTERN.fullmatch(text) or not _is_date(text):
        raise Invalid([problem("not_a_day", day=text)])
    return text


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def photos_path_from(folder: Path, photos: Path) -> str:
    """The photos' folder as written in the recipe in `folder`: relative if it is near, else absolute."""
    import os

    there = expand_user(photos).absolute()
    if not there.is_dir():
        raise Invalid([problem("no_such_photos", folder=str(photos))])
    relative = os.path.relpath(there, folder.absolute())
    return str(there) if relative.startswith("../../..") else relative


PLAIN_SCALAR = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9_]|[A-Za-z]")
DATE_SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""A date, which recipes read as text."""
_GLOB = re.compile(r"[*?\[\]\\]")
_GLOB_ESCAPED = r"\\\g<0>"
YAML_KEYWORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Words that YAML 1.1 doesn't read as text."""

HEADSHOT_PROMPT = """\
{{ subject.trigger }} {{ subject.noun }}, editorial headshot photograph, chest-up, in {{ scene.place }},
{{ scene.light }}, 85 mm lens, natural skin texture
"""

GITIGNORE_TEXT = """\
# Files generated by nano-banana: pictures, copies, adapters and the store.
out/
delivered/
delivered.zip
*.nbm
.nano-banana/
# For completion in an editor; written by `nano-banana schema`.
recipe.schema.json
# Photos are personal data: don't commit them by accident.
photos/
"""

SCHEMA_FILE = "recipe.schema.json"

PROJECT_SETTINGS = """\
# Marks this folder as a project, with its store and pictures. Settings for everyone go here;
# `nano-banana config show` lists all of them.
# provider = "fal"
"""

RECIPE_HEAD = """\
# Written by `nano-banana new`. Editors use the schema; `nano-banana schema recipe --out {schema}` updates it.
# yaml-language-server: $schema={schema}
nano_banana: 1
name: {name}

# `local` composes pictures from the photos: free, offline, no AI model; for trying a recipe.
# `fal` makes real AI pictures for money, with the key from `nano-banana config set-key`.
provider: {provider}

"""

OWN_TEMPLATE = """\
axes:
  scene:
    office: {place: a bright open-plan office out of focus behind, light: soft window light from camera left}
    street: {place: a quiet city street after rain, light: overcast daylight with a warm shop window behind}

templates:
  headshot: {file: prompts/headshot.j2}
"""

NO_CONSENT = """\
    # consent: {given_by: their name, on: 2026-01-31, uses: [website]}   # record who consented, and to what
"""

FACE_PROMPT = """\
  face: "{{ subject.trigger }} {{ subject.noun }}, face, same light and angle as the picture, natural skin texture"
"""

GATE_STAGE = """\
  - id: judged                  # takes that don't look like the person are redrawn, then face-repaired
    gate: takes
    retry: {takes: 2}
    repair:
      prompt: face
      using: fal-ai/flux-lora/inpainting
      adapters: {likeness: 1.0}
"""

FACE_STAGE = """\
  - id: faces                   # repaint the face at higher resolution; nothing outside the mask changes
    inpaint: takes
    mask: {find: face, grow: 0.25, feather: 0.08}
    prompt: face
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.5}
"""


def project_files(answers: ProjectAnswers) -> dict[str, str]:
    """The text of each file of the project, by path."""
    ignored = GITIGNORE_TEXT + "".join(dict.fromkeys(_ignore_photos(person.photos) for person in answers.people))
    files = {
        "recipe.yaml": starter_recipe(answers),
        ".gitignore": ignored,
        PROJECT_FILE: PROJECT_SETTINGS,
        SCHEMA_FILE: _schema_text(),
    }
    return files if answers.offers else {**files, "prompts/headshot.j2": HEADSHOT_PROMPT}


def _schema_text() -> str:
    """The recipe schema on one line, for programs."""
    return json.dumps(json.loads(shipped_path("schemas", SCHEMA_FILE).read_text("utf-8")), ensure_ascii=False) + "\n"


def _ignore_photos(photos: str) -> str:
    """The .gitignore line for a photo folder of the project other than `photos/`."""
    path = PurePath(photos)
    is_ours = path.parts and not path.is_absolute() and path.parts[0] not in ("..", "~", "photos")
    return f"/{_GLOB.sub(_GLOB_ESCAPED, path.as_posix())}/\n" if is_ours else ""


def starter_recipe(answers: ProjectAnswers) -> str:
    """The text of a new recipe."""
    return "".join(_recipe_parts(answers))


def _recipe_parts(answers: ProjectAnswers) -> Iterator[str]:
    yield RECIPE_HEAD.format(name=_yaml_scalar(answers.name), provider=answers.provider, schema=SCHEMA_FILE)
    if answers.budget is None:
        yield "# limits: {budget_usd: 10}      # a run stops before it would cost more\n\n"
    else:
        yield f"limits: {{budget_usd: {answers.budget:g}}}        # a run stops before it would cost more\n\n"
    yield "subjects:\n"
    for person in answers.people:
        yield subject_yaml(person)
    yield "\n"
    yield from _templates_yaml(answers)
    yield from _shots_yaml(answers)
    yield from _stages_yaml(answers)


def subject_yaml(person: NewSubject) -> str:
    """A person's entry under `subjects`."""
    text = f"  {_yaml_scalar(person.name)}:\n    noun: {_yaml_scalar(person.noun)}\n"
    text += f"    trigger: {_yaml_scalar(person.trigger)}           # a rare word that stands for this person\n"
    if person.consent:
        said = ", ".join(f"{name}: {_yaml_value(value)}" for name, value in person.consent.items())
        text += f"    consent: {{{said}}}\n"
    else:
        text += NO_CONSENT
    photos = _yaml_scalar(person.photos)
    if person.hold_out:
        held = f"{{photos: {photos}, hold_out: {person.hold_out}}}"
        return f"{text}    training_set: {held}   # held-out photos only judge likeness\n"
    return f"{text}    training_set: {photos}       # 8 to 20 photos of this person alone, in different light\n"


def _templates_yaml(answers: ProjectAnswers) -> Iterator[str]:
    if not answers.offers:
        yield OWN_TEMPLATE + FACE_PROMPT + "\n"
        return
    yield "templates:                      # see `nano-banana packs show work/corporate-headshot` for its variables\n"
    for offer in answers.offers:
        yield f"  {_template_name(offer.name)}: {{pack: {offer.name}}}\n"
    yield (FACE_PROMPT if answers.gate else "") + "\n"


def _shots_yaml(answers: ProjectAnswers) -> Iterator[str]:
    names = [_yaml_scalar(person.name) for person in answers.people]
    several = len(names) > 1
    cast = f"{{each: [{', '.join(names)}]}}" if several else names[0]
    hint = "one shot per person" if several else "for several people: {each: [ana, ben]}"
    yield "shots:\n"
    if not answers.offers:
        yield (
            f"  headshots:\n    template: headshot\n    cast: {cast}              # {hint}\n"
            "    matrix: {scene: all}        # one shot per value\n"
            f"    seeds: {_seeds_yaml(answers.takes)}             # one take per seed; another seed adds one picture\n"
        )
    for offer in answers.offers:
        name = _template_name(offer.name)
        yield f"  {name}: {{template: {name}, cast: {cast}, seeds: {_seeds_yaml(answers.takes)}}}\n"
    yield "\n"


def _stages_yaml(answers: ProjectAnswers) -> Iterator[str]:
    shots = (
        "headshots" if not answers.offers else f"[{', '.join(_template_name(offer.name) for offer in answers.offers)}]"
    )
    yield (
        "stages:\n  - id: likeness                # train one adapter per person\n"
        f"    train: {_trained_names(answers.people)}\n    using: {DEFAULT_TRAINER}\n\n"
        "  - id: takes                   # one picture per take\n"
        f"    generate: {shots}\n    using: fal-ai/flux-lora\n    adapters: {{likeness: {answers.scale:g}}}\n"
    )
    if not answers.offers:
        yield "    with: {image_size: portrait_4_3, num_inference_steps: 28, guidance_scale: 2.8}\n"
    if answers.gate:
        yield "\n" + GATE_STAGE
    elif not answers.offers:
        yield "\n" + FACE_STAGE


def _trained_names(people: Sequence[NewSubject]) -> str:
    names = [_yaml_scalar(person.name) for person in people]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _seeds_yaml(takes: int) -> str:
    return f"[{', '.join(str(11 + 18 * at) for at in range(takes))}]" if takes <= 4 else f"{{count: {takes}}}"


def _template_name(name: str) -> str:
    """A template's name without its pack."""
    return name.rpartition("/")[2]


def _yaml_value(value: str | Sequence[str]) -> str:
    return _yaml_scalar(value) if isinstance(value, str) else f"[{', '.join(map(_yaml_scalar, value))}]"


def _yaml_scalar(text: str) -> str:
    """A plain scalar if YAML reads it as text; else quoted like JSON."""
    plain = DATE_SCALAR.fullmatch(text) or (PLAIN_SCALAR.fullmatch(text) and text.lower() not in YAML_KEYWORDS)
    return text if plain else json.dumps(text, ensure_ascii=False)


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
    text = _recipe_file_text(recipe)
    yaml.indent(mapping=2, sequence=4, offset=2 if "\n  - " in text else 0)
    try:
        data: object = yaml.load(text)
    except YAMLError as error:
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


def _recipe_file_text(recipe: Path) -> str:
    try:
        return recipe.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([problem("recipe_unreadable", file=str(recipe), why=str(error))]) from error


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
