"""A first recipe, with a word about each thing in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from nano_banana.cli.beginning.answers import TRAINER, Answers, Person
from nano_banana.core.share import share
from nano_banana.settings import PROJECT_FILE

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9_]|[A-Za-z]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""A date, which recipes read as text."""
_GLOB = re.compile(r"[*?\[\]\\]")
_ESCAPED = r"\\\g<0>"
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What YAML 1.1 takes for something else than text."""

PROMPT = """\
{{ subject.trigger }} {{ subject.noun }}, editorial headshot photograph, chest-up, in {{ scene.place }},
{{ scene.light }}, 85 mm lens, natural skin texture
"""

IGNORE = """\
# What nano-banana makes of people: pictures, exports, adapters, and the store that keeps everything.
out/
delivered/
delivered.zip
*.nbm
.nano-banana/
# For completion in an editor; `nano-banana schema` writes it.
recipe.schema.json
# Photos of people are personal data: think before you remove this.
photos/
"""

SCHEMA = "recipe.schema.json"

SETTINGS = """\
# Marks this folder as a project: the store and the pictures lie below it. Settings for everyone who works on it
# go here; `nano-banana config show` lists them all.
# provider = "fal"
"""

HEAD = """\
# Made by `nano-banana new`. The schema gives editors completion; `nano-banana schema recipe --out {schema}` renews it.
# yaml-language-server: $schema={schema}
nano_banana: 1
name: {name}

# `local` composes pictures from the photos on this machine: free, offline, made without an AI model, good for
# trying a recipe. `fal` does the real work for money, with the key that `nano-banana config set-key` keeps.
provider: {provider}

"""

OWN = """\
axes:
  scene:
    office: {place: a bright open-plan office out of focus behind, light: soft window light from camera left}
    street: {place: a quiet city street after rain, light: overcast daylight with a warm shop window behind}

templates:
  headshot: {file: prompts/headshot.j2}
"""

NO_CONSENT = """\
    # consent: {given_by: their name, on: 2026-01-31, uses: [website]}   # who allowed what: ask first
"""

FACE = """\
  face: "{{ subject.trigger }} {{ subject.noun }}, face, same light and angle as the picture, natural skin texture"
"""

GATE = """\
  - id: judged                  # who does not look like themselves is drawn again, then has the face painted again
    gate: takes
    retry: {takes: 2}
    repair:
      prompt: face
      using: fal-ai/flux-lora/inpainting
      adapters: {likeness: 1.0}
"""

PAINT = """\
  - id: faces                   # the face once more, closer; outside the mask nothing changes
    inpaint: takes
    mask: {find: face, grow: 0.25, feather: 0.08}
    prompt: face
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.5}
"""


def files_of(answers: Answers) -> dict[str, str]:
    """The text of every file of the project, by its path."""
    ignored = IGNORE + "".join(dict.fromkeys(_photos_elsewhere(person.photos) for person in answers.people))
    files = {"recipe.yaml": recipe_text(answers), ".gitignore": ignored, PROJECT_FILE: SETTINGS, SCHEMA: _schema()}
    return files if answers.offers else {**files, "prompts/headshot.j2": PROMPT}


def _schema() -> str:
    """The recipe's schema, on one line: it is for programs."""
    return json.dumps(json.loads(share("schemas", SCHEMA).read_text("utf-8")), ensure_ascii=False) + "\n"


def _photos_elsewhere(photos: str) -> str:
    """A line for photos in another folder of the project than `photos/`."""
    path = PurePath(photos)
    is_ours = path.parts and not path.is_absolute() and path.parts[0] not in ("..", "~", "photos")
    return f"/{_GLOB.sub(_ESCAPED, path.as_posix())}/\n" if is_ours else ""


def recipe_text(answers: Answers) -> str:
    """The recipe that the answers come to."""
    return "".join(_parts(answers))


def _parts(answers: Answers) -> Iterator[str]:
    yield HEAD.format(name=_yaml(answers.name), provider=answers.provider, schema=SCHEMA)
    if answers.budget is None:
        yield "# limits: {budget_usd: 10}      # a run stops before the call that would cross it\n\n"
    else:
        yield f"limits: {{budget_usd: {answers.budget:g}}}        # a run stops before the call that would cross it\n\n"
    yield "subjects:\n"
    for person in answers.people:
        yield person_text(person)
    yield "\n"
    yield from _templates(answers)
    yield from _shots(answers)
    yield from _stages(answers)


def person_text(person: Person) -> str:
    """A person's entry under `subjects`."""
    text = f"  {_yaml(person.name)}:\n    noun: {_yaml(person.noun)}\n"
    text += f"    trigger: {_yaml(person.trigger)}           # a rare word that the adapter learns this person by\n"
    if person.consent:
        said = ", ".join(f"{name}: {_value(value)}" for name, value in person.consent.items())
        text += f"    consent: {{{said}}}\n"
    else:
        text += NO_CONSENT
    photos = _yaml(person.photos)
    if person.hold_out:
        held = f"{{photos: {photos}, hold_out: {person.hold_out}}}"
        return f"{text}    training_set: {held}   # held out: they only judge\n"
    return f"{text}    training_set: {photos}       # 8 to 20 photos of this person alone: many angles, many lights\n"


def _templates(answers: Answers) -> Iterator[str]:
    if not answers.offers:
        yield OWN + FACE + "\n"
        return
    yield "templates:                      # `nano-banana packs show work/corporate-headshot` says what each can vary\n"
    for offer in answers.offers:
        yield f"  {_short(offer.name)}: {{pack: {offer.name}}}\n"
    yield (FACE if answers.gate else "") + "\n"


def _shots(answers: Answers) -> Iterator[str]:
    names = [_yaml(person.name) for person in answers.people]
    several = len(names) > 1
    cast = f"{{each: [{', '.join(names)}]}}" if several else names[0]
    hint = "one shot for each person" if several else "of several people: {each: [ana, ben]}"
    yield "shots:\n"
    if not answers.offers:
        yield (
            f"  headshots:\n    template: headshot\n    cast: {cast}              # {hint}\n"
            "    matrix: {scene: all}        # one shot for each value\n"
            f"    seeds: {_seeds(answers.takes)}             # one take each; one more pays for that alone\n"
        )
    for offer in answers.offers:
        name = _short(offer.name)
        yield f"  {name}: {{template: {name}, cast: {cast}, seeds: {_seeds(answers.takes)}}}\n"
    yield "\n"


def _stages(answers: Answers) -> Iterator[str]:
    shots = "headshots" if not answers.offers else f"[{', '.join(_short(offer.name) for offer in answers.offers)}]"
    yield (
        "stages:\n  - id: likeness                # photos in, one adapter a person out\n"
        f"    train: {_train(answers.people)}\n    using: {TRAINER}\n\n"
        "  - id: takes                   # a picture for every take\n"
        f"    generate: {shots}\n    using: fal-ai/flux-lora\n    adapters: {{likeness: {answers.scale:g}}}\n"
    )
    if not answers.offers:
        yield "    with: {image_size: portrait_4_3, num_inference_steps: 28, guidance_scale: 2.8}\n"
    if answers.gate:
        yield "\n" + GATE
    elif not answers.offers:
        yield "\n" + PAINT


def _train(people: Sequence[Person]) -> str:
    names = [_yaml(person.name) for person in people]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _seeds(takes: int) -> str:
    return f"[{', '.join(str(11 + 18 * at) for at in range(takes))}]" if takes <= 4 else f"{{count: {takes}}}"


def _short(name: str) -> str:
    """A template's name without its pack."""
    return name.rpartition("/")[2]


def _value(value: str | Sequence[str]) -> str:
    return _yaml(value) if isinstance(value, str) else f"[{', '.join(map(_yaml, value))}]"


def _yaml(text: str) -> str:
    """A plain scalar where YAML takes it for text; else quoted, as JSON is."""
    plain = DAY.fullmatch(text) or (PLAIN.fullmatch(text) and text.lower() not in WORDS)
    return text if plain else json.dumps(text, ensure_ascii=False)
