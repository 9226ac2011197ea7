"""A recipe by example: one whole, and one piece for each section."""

from __future__ import annotations

from collections.abc import Mapping

WHOLE = """\
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

OWN = """\
id: acme/enlarge
does: upscale
makes: [image]
fields:
  image_url: {type: url, required: true}
  scale: {type: number, default: 2, minimum: 1, maximum: 8, description: How many times larger.}
roles: {image: image_url}
"""
"""An endpoint described in a project."""

PICKS = """\
picks:
  picks:
    keep: [portraits/ana/office/s29]
    drop: ["portraits/ben/*/s11"]
"""
"""A person's word on what a choose stage called `picks` keeps."""

SECTIONS: Mapping[str, str] = {
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
    "train": """\
stages:
  - id: likeness
    train: all
    using: fal-ai/flux-lora-portrait-trainer
    steps: {per_photo: 120, min: 1000, max: 2500}
    caption: "a photo of {{ subject.trigger }} {{ subject.noun }}"
    with: {learning_rate: 9.0e-5}
""",
    "generate": """\
stages:
  - id: takes
    generate: [portraits]
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95, film: 0.4}
    with: {image_size: {width: 880, height: 1104}, num_inference_steps: 28, guidance_scale: 2.8}
""",
    "open": """\
shots:
  holiday:
    pictures: [photos/beach.jpg, photos/town/*.jpg]
stages:
  - {id: photos, open: holiday}
  - {id: larger, upscale: photos, using: fal-ai/seedvr/upscale/image}
""",
    "inpaint": """\
stages:
  - id: faces
    inpaint: takes.portraits
    mask: {ellipse: [0.3, 0.12, 0.7, 0.58], grow: 0.1, feather: 0.08}
    prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    crop: {megapixels: 1.0, context: 0.5}
    with: {strength: 0.6}
  - id: placed
    inpaint: takes.together
    mask: {find: face, order: left_to_right, assign: cast, grow: 0.35, feather: 0.08}
    prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
""",
    "gate": """\
stages:
  - id: judged
    gate: [takes.portraits, placed]
    judge: {measure: identity, against: hold_out}
    accept: {at_least: 0.45, calibrate: {quantile: 0.1, slack: 0.05}}
    unsure: {at_least: 0.36}
    also_reject: [no_face, extra_face, copy_of_training_photo]
    skip_when: {style.painted: true}
    retry: {takes: 2}
    repair:
      mask: {find: face, grow: 0.25, feather: 0.08}
      prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
      using: fal-ai/flux-lora/inpainting
      adapters: {likeness: 1.0}
      ladder: {strength: [0.45, 0.6, 0.75]}
""",
    "choose": """\
stages:
  - id: picks
    choose: judged.accepted
    keep: {best: 2, per: [subject, scene]}
""",
    "upscale": """\
stages:
  - id: finish
    upscale: picks
    using: fal-ai/seedvr/upscale/image
    with: {upscale_factor: 2}
""",
    "restore": """\
stages:
  - id: clear
    restore: takes
    using: fal-ai/codeformer
    with: {fidelity: 0.8}
""",
    "mark": """\
stages:
  - id: marked
    mark: finish
    mark_id: "c0ffee42"
""",
    "call": """\
stages:
  - id: larger
    call: acme/film-look
    each: takes
    input: image_url
    with: {amount: 0.5}
""",
}
"""For each section but the first, and for each stage's verb."""
