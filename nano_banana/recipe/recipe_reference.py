"""Writes docs/recipe.md from the recipe's JSON Schema and examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text
from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.stages.stage_registry import stage_kinds

WHOLE_EXAMPLE = """\
nano_banana: 1
name: first-portraits
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: photos/ana}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, editorial headshot, {{ scene }}, natural skin texture"
shots:
  headshots:
    template: headshot
    cast: ana
    matrix: {scene: [a bright office, a rainy street]}
    seeds: [11, 29]
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}
  - {id: takes, generate: headshots, using: fal-ai/flux-lora, adapters: {likeness: 0.95}}
"""

ENDPOINT_EXAMPLE = """\
id: acme/enlarge
does: upscale
makes: [image]
fields:
  image_url: {type: url, required: true}
  scale: {type: number, default: 2, minimum: 1, maximum: 8, description: How many times larger.}
roles: {image: image_url}
"""
"""An endpoint described in a project."""

PICKS_EXAMPLE = """\
picks:
  picks:
    keep: [portraits/ana/office/s29]
    drop: ["portraits/ben/*/s11"]
"""
"""A person's word on what a choose stage called `picks` keeps."""

SECTION_EXAMPLES: Mapping[str, str] = {
    "vars": """\
vars: {company: Acme, city: "{{ env.CITY | default('Lisbon') }}"}
""",
    "include": """\
include: [shared/axes.yaml, shared/templates.yaml]
""",
    "limits": """\
limits:
  budget_usd: 30
  ask_above_usd: 10
  rate: {requests_per_second: 10}
  parallel: {train: 2, image: 10}
""",
    "privacy": """\
privacy: {uploads_expire_after: 7d}
""",
    "subjects": """\
subjects:
  ana:
    noun: woman
    trigger: anqz7
    traits: {hair: shoulder-length dark hair}
    consent: {given_by: Ana L., on: 2026-09-01, uses: [website, press]}
    training_set: {photos: photos/ana/*.jpg, hold_out: 3}
    references: [photos/ana/01.jpg, photos/ana/02.jpg]
  ben: {noun: man, trigger: bnvk4, training_set: [photos/ben, more/ben-01.jpg]}
""",
    "photo_rules": """\
photo_rules:
  count: {min: 8, want: 15, max: 30}
  face_px: {min: 200}
  near_duplicates: reject
  captions: {prefix: "photo of {{ subject.trigger }} {{ subject.noun }}", leak_check: warn}
""",
    "adapters": """\
adapters:
  film: {file: adapters/film.safetensors, base: flux-1}
""",
    "axes": """\
axes:
  scene:
    office: {place: a bright open-plan office, light: soft window light from camera left}
    street: {place: a quiet city street after rain, light: overcast daylight}
  mood: [calm, a faint smile]
""",
    "templates": """\
templates:
  solo: >-
    {{ subject.trigger }} {{ subject.noun }}, {{ mood }}, in {{ scene.place }}, {{ scene.light }}
    {%- if subject.traits.hair %}, {{ subject.traits.hair }}{% endif %}
  pair: {file: prompts/pair.j2}
""",
    "shots": """\
shots:
  portraits:
    template: solo
    cast: {each: [ana, ben]}
    matrix: {scene: all, mood: [calm]}
    exclude: [{subject: ben, scene: office}]
    seeds: {count: 4}
  together:
    template: a {{ cast.left.noun }} and a {{ cast.right.noun }} side by side, {{ scene.light }}
    cast: {left: ana, right: ben}
    identity: by_face
    matrix: {scene: [street]}
    seeds: [5, 17]
""",
    "outputs": """\
outputs:
  sheet: {contact_sheet: takes, rows: [subject, scene], columns: seed, show: [score, verdict, cost]}
  files:
    export: finish
    to: delivered/
    name: "{{ cast | join('-') }}_{{ scene.key }}_s{{ seed }}"
    embed: [recipe, ai_source]
""",
}
"""For each section but the first."""


_PAGE_HEAD = f"""# The recipe

Written by `python -m nano_banana.recipe.recipe_reference` from the recipe's JSON Schema; a test keeps it so.
`nano-banana schema recipe` prints that schema, for completion and checks in an editor.

A recipe is a YAML file. This one is whole:

```yaml
{WHOLE_EXAMPLE}```

Paths count from the recipe's folder, also in files that it includes; only the files under `include` are looked for from
the folder of the file that names them. A recipe that is a link belongs to the folder of the link. Where a folder stands
for a recipe, its `recipe.yaml` is meant, or its `recipe.yml`.

A key that is not listed here is an error. `nano-banana check` reports every error at once, except those that may follow
from another one. Anchors and aliases work; `on`, `off`, `yes` and `no` are words, and dates are texts.

`--set name=value` takes the value as it is written; only a number, `true`, `false`, `null` and a
text in quotes are read as such.

The values of an axis have names, which are part of each take's id: its keys; of plain texts, their letters and digits
(`a bright office` → `a-bright-office`). If several texts would have one name, as `+1 EV` and `-1 EV` would, the first
has it and the others get a mark (`1-ev-3f0a2c`). A picture whose whole name is too long for a file system has its name
cut and marked likewise.
"""

_COLLECTIONS_PART = f"""
## Collections

A stage that works on pictures names where they come from, one or a list:

| written | means |
|---|---|
| `takes` | every picture of the stage `takes`; of a gate, all that it did not reject |
| `takes.portraits` | those of one shot |
| `judged.accepted`, `judged.unsure`, `judged.rejected` | what the gate ruled so; what it skips is accepted |
| `judged.portraits.accepted` | those of one shot |
| `picks` | what the choose stage `picks` keeps |

What a `choose` stage keeps, a person may change: in the file `picks.yaml` beside the recipe, by the stage's id, with
the ids of takes (as reports write them) or globs of them:

```yaml picks
{PICKS_EXAMPLE}```

Kept takes are kept whatever their score, and come before the best; dropped ones are never chosen.
"""

_TEMPLATES_PART = """
## In templates

Prompts, captions and the texts under `with` are templates, rendered for each take. Every other text of a recipe may use
`{{ … }}` with variables and `env`; it is rendered once, when the recipe is read. Templates are a small part of
[Jinja](https://jinja.palletsprojects.com/templates/):

| write | to |
|---|---|
| `{{ subject.noun }}`, `{{ cast[0] }}` | insert a value, a field of it, or an item of a list |
| `{{ scene.light or 'soft light' }}` | insert the first value that isn't empty |
| `{{ 'close' if crop == 'face' else 'wide' }}` | choose between two values |
| `{% if style.painted %}…{% elif seed is odd %}…{% else %}…{% endif %}` | write a part only in some takes |
| `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`, `and`, `or`, `not` | compare values |
| `is defined`, `is undefined`, `is none`, `is odd`, `is even` | test a value |
| `{{ cast \\| join('-') }}` | join a list; `join(', ', attribute='noun')` joins a field of its items |
| `upper`, `lower`, `title`, `capitalize`, `trim`, `replace`, `truncate`, `round` | filter a value |
| `first`, `last`, `length`, `default` | and these, as in Jinja |
| `{% include 'parts/light.j2' %}` | insert another file |

A name that is not defined is an error. A field without a value reads as nothing, also through filters such as `title`.

| name | means |
|---|---|
| `subject.trigger`, `subject.noun`, `subject.name` | of the person in the picture |
| `cast.left.noun` | of who stands there, in a shot of several; `subject` is there only where one face is painted |
| `subject.traits.hair` | a trait; one that another subject has and this one lacks reads as nothing |
| `scene` | the value of the axis `scene`: its text, or its key where it has fields |
| `scene.light`, `scene.key` | a field of the value, and its key |
| `company` | a variable of `vars` |
| `seed`, `shot` | the take's seed, the shot's name |
| `env.STUDIO` | an environment variable; one that may be unset needs a default: `env.STUDIO \\| default('here')` |
"""

_ENDPOINTS_PART = f"""
## Endpoints of your own

An endpoint that the catalog lacks is described in a file of the folder `endpoints`, at the project's root: the nearest
folder above the recipe that holds `.git` or `nano-banana.toml`, else the recipe's own. Then its fields are checked, it
can stand under `using` where it does what the stage wants, and the local provider answers it. For example
`endpoints/enlarge.yaml`:

```yaml endpoint
{ENDPOINT_EXAMPLE}```

Without `price` a plan calls its cost unknown. [endpoints.md](endpoints.md) says more, and `nano-banana schema endpoint`
prints everything that such a file may say.
"""


def recipe_page() -> str:
    """The whole page, in Markdown."""
    schema = recipe_schema(Catalog.load())
    sections = as_object(schema["properties"])
    plain = [name for name in sections if name not in SECTION_EXAMPLES and name != "stages"]
    parts = [_PAGE_HEAD, "\n## The first lines\n\n", _table(_first_rows(sections, plain, as_items(schema["required"])))]
    for name, section in sections.items():
        if name in SECTION_EXAMPLES:
            parts += [
                f"\n## `{name}`\n\n",
                _section_intro(as_object(section)),
                _fenced_example(SECTION_EXAMPLES[name]),
                _table(_rows(section, name)),
            ]
    parts += [
        "\n## `stages`\n\n",
        _STAGES_INTRO,
        *_stage_parts(as_object(sections["stages"])),
        _COLLECTIONS_PART,
        _TEMPLATES_PART,
        _ENDPOINTS_PART,
    ]
    return "".join(parts)


_STAGES_INTRO = """The work, as a list. Each entry has an `id`, by which other stages refer to it, and one verb, which
says what it does. A take goes from stage to stage by itself: it waits for its adapters and for no other take.
"""


def _first_rows(sections: JSONObject, names: list[str], required: Sequence[JSONValue]) -> Iterator[str]:
    for name in names:
        yield _row(name, as_object(sections[name]), required=name in required)


def _stage_parts(stages: JSONObject) -> Iterator[str]:
    branches = as_items(as_object(stages["items"])["allOf"])
    for kind, branch in zip(stage_kinds().values(), branches, strict=True):
        then = as_object(as_object(branch)["then"])
        properties = as_object(then["properties"])
        using = as_object(properties.get("using", {}))
        yield f"\n### `{kind.verb}`\n\n{kind.description}\n{_fenced_example(kind.example)}"
        yield _table(row for name, value in properties.items() for row in _entry(name, value, then))
        fit = [f"`{as_text(name)}`" for name in as_items(using.get("examples"))]
        if fit:
            yield f"\nEndpoints of the catalog: {', '.join(fit)}.\n"


def _section_intro(section: JSONObject) -> str:
    return f"{as_text(section['description'])}\n"


def _fenced_example(example: str) -> str:
    return f"\n```yaml fragment\n{example}```\n\n"


def _table(rows: Iterator[str]) -> str:
    return "".join(["| key | type | default | |\n|---|---|---|---|\n", *rows])


def _rows(schema: JSONValue, path: str) -> Iterator[str]:
    """A row for the section itself where it is a simple one, else one for every key inside."""
    inner = list(_inside(as_object(schema), path))
    yield from inner or [_row(path, as_object(schema), required=False)]


def _inside(schema: JSONObject, path: str) -> Iterator[str]:
    for form in (schema, *(as_object(form) for form in as_items(schema.get("anyOf")))):
        for name, value in as_object(form.get("properties")).items():
            yield from _entry(f"{path}.{name}", value, form)
        each = form.get("additionalProperties")
        if isinstance(each, Mapping):
            name = f"{path}.{_PLACEHOLDERS.get(path, 'NAME')}"
            if "description" in each:
                yield _row(name, each, required=False)
            yield from _inside(each, name)


_PLACEHOLDERS = {
    "axes": "AXIS",
    "axes.AXIS": "VALUE",
    "axes.AXIS.VALUE": "FIELD",
    "shots.NAME.matrix": "AXIS",
    "shots.NAME.cast": "PLACE",
}


def _entry(path: str, value: JSONValue, owner: JSONObject) -> Iterator[str]:
    schema = as_object(value)
    yield _row(path, schema, required=path.rpartition(".")[2] in as_items(owner.get("required")))
    yield from _inside(schema, path)


def _row(path: str, schema: JSONObject, *, required: bool) -> str:
    default = "needed" if required else _default_text(schema["default"]) if "default" in schema else ""
    about = as_text(schema["description"]).replace("|", "\\|")
    return f"| `{path}` | {_type_phrase(schema)} | {default} | {about} |\n"


def _default_text(value: JSONValue) -> str:
    return "none" if value in ({}, [], "") else f"`{_flow_yaml(value)}`"


def _flow_yaml(value: JSONValue) -> str:
    """The value as YAML writes it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow_yaml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow_yaml(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_phrase(schema: JSONObject) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in as_items(schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_phrase(as_object(form)) for form in as_items(schema["anyOf"])))
    kinds = [as_text(kind) for kind in as_items(schema["type"]) if kind != "null"]
    return " or ".join(_TYPE_NAMES[kind] for kind in kinds) + _range_phrase(schema)


_TYPE_NAMES = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def _range_phrase(schema: JSONObject) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return f" > {above}" if (above := schema.get("exclusiveMinimum")) is not None else ""
    return f" ≥ {low}" if high is None else f" {low}–{high}"


if __name__ == "__main__":
    sys.stdout.write(recipe_page())
