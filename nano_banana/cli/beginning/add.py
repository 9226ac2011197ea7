"""One more person in a recipe that exists: comments and order stay."""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from nano_banana.cli.beginning.answers import Person
from nano_banana.core.errors import Invalid, trouble


def with_person(recipe: Path, person: Person) -> tuple[str, str]:
    """The recipe's text with the person in it, and what changed as a unified diff.

    They are added to `subjects`, to every stage that trains people and to every shot that has one person a picture.
    Raises Invalid if the recipe can't be read, has no subjects of its own, or has somebody of that name.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100_000
    text = _text(recipe)
    yaml.indent(mapping=2, sequence=4, offset=2 if "\n  - " in text else 0)
    try:
        data: object = yaml.load(text)
    except YAMLError as error:
        raise Invalid([trouble("recipe_unreadable", file=str(recipe), why=str(error).splitlines()[0])]) from error
    subjects = data.get("subjects") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(subjects, dict) or not subjects:
        raise Invalid([trouble("recipe_without_subjects", file=str(recipe))])
    if person.name in subjects:
        raise Invalid([trouble("person_twice", name=person.name)])
    known = [str(name) for name in subjects]
    subjects[person.name] = _entry(person)
    for stage in _each(data.get("stages")):
        if "train" in stage:
            stage["train"] = _with(stage["train"], person.name, known)
    shots = data.get("shots")
    for shot in _each(list(shots.values()) if isinstance(shots, dict) else []):
        cast = shot.get("cast")
        if isinstance(cast, str) and cast in known:
            shot["cast"] = _flow({"each": _flow([cast, person.name])})
        elif isinstance(cast, dict) and "each" in cast:
            cast["each"] = _with(cast["each"], person.name, known)
    stream = io.StringIO()
    yaml.dump(data, stream)
    fresh = _spaced(stream.getvalue(), person.name)
    lines = difflib.unified_diff(text.splitlines(), fresh.splitlines(), recipe.name, recipe.name, n=1, lineterm="")
    return fresh, "\n".join(lines)


def _spaced(text: str, name: str) -> str:
    """The text with the blank line that followed the last person behind the new one."""
    lines = text.splitlines(keepends=True)
    at = next((at for at, line in enumerate(lines) if line.strip() == f"{name}:"), 0)
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and lines[end].startswith(" " * (indent + 1)):
        end += 1
    if at > 0 and end < len(lines) and not lines[at - 1].strip() and lines[end].strip():
        lines[at - 1 : end] = [*lines[at:end], lines[at - 1]]
    return "".join(lines)


def _text(recipe: Path) -> str:
    try:
        return recipe.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([trouble("recipe_unreadable", file=str(recipe), why=str(error))]) from error


def _entry(person: Person) -> Mapping[str, object]:
    photos: object = person.photos
    if person.hold_out:
        photos = _flow({"photos": person.photos, "hold_out": person.hold_out})
    told: dict[str, object] = {"noun": person.noun, "trigger": person.trigger, "training_set": photos}
    if person.consent:
        told["consent"] = _flow(dict(person.consent))
    return told


def _each(entries: object) -> Sequence[dict[str, object]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _with(names: object, name: str, known: Sequence[str]) -> object:
    """The people of a stage or a shot with one more; what names nobody of the recipe's people stays."""
    if isinstance(names, str) and names in known:
        return _flow([names, name])
    if isinstance(names, list):
        names.append(name)
    return names


def _flow(value: Mapping[str, object] | Sequence[object]) -> object:
    """The value on one line, as people write it."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    made = CommentedMap(value) if isinstance(value, Mapping) else CommentedSeq(value)
    made.fa.set_flow_style()
    return made
