"""A recipe that says nearly everything: several people, a gate with second chances, a choice, an upscaling."""

from __future__ import annotations

from pathlib import Path

from nano_banana.recipe.recipe_model import Recipe
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.stages.gate_stage import gate_rules
from tests.recipe.resolve.tools import load, write

LARGE = """
provider: fal
vars: {company: Acme}
limits: {budget_usd: 30, ask_above_usd: 10, parallel: {train: 2, image: 4}, rate: {requests_per_second: 10}}
privacy: {uploads_expire_after: 1d}
subjects:
  ana:
    noun: woman
    trigger: anqz7
    traits: {hair: shoulder-length dark hair}
    consent: {given_by: Ana L., on: 2026-09-01, uses: [website, press]}
    training_set: {photos: photos/ana/*.jpg, hold_out: 3}
  ben: {noun: man, trigger: bnvk4, training_set: photos/ben}
photo_rules:
  count: {min: 8, want: 15, max: 30}
  faces_per_photo: 1
  face_px: {min: 200}
  short_side_px: {min: 768}
  near_duplicates: reject
  odd_one_out: warn
  captions: {prefix: "photo of {{ subject.trigger }} {{ subject.noun }}", leak_check: warn}
axes:
  scene:
    office: {place: a bright open-plan office out of focus behind, light: soft window light from camera left}
    street: {place: a quiet city street after rain, light: overcast daylight with a warm shop window behind}
    studio: {place: a seamless mid-grey studio backdrop, light: one large softbox at 45 degrees}
  style:
    corporate: {medium: editorial headshot photograph, wear: a charcoal blazer, crop: chest-up}
    oil: {medium: oil painting with visible brushwork, wear: a linen shirt, crop: chest-up, painted: true}
templates:
  solo: >-
    {{ subject.trigger }} {{ subject.noun }}, {{ style.medium }}, {{ style.crop }}, wearing {{ style.wear }},
    in {{ scene.place }}, {{ scene.light }}{% if not style.painted %}, 85 mm lens, natural skin texture{% endif %}
  pair: {file: prompts/pair.j2}
  face: "{{ subject.trigger }} {{ subject.noun }}, face, same light and angle as the picture, natural skin texture"
shots:
  portraits:
    template: solo
    cast: {each: [ana, ben]}
    matrix: {scene: all, style: all}
    exclude: [{style: oil, scene: office}]
    seeds: [11, 29, 47, 83]
  together:
    template: pair
    cast: {left: ana, right: ben}
    matrix: {scene: [street, studio]}
    seeds: [5, 17]
    identity: by_face
stages:
  - id: likeness
    train: [ana, ben]
    using: fal-ai/flux-lora-portrait-trainer
    steps: {per_photo: 120, min: 1000, max: 2500}
    with: {learning_rate: 9.0e-5, multiresolution_training: true}
  - id: takes
    generate: [portraits, together]
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95}
    with: {image_size: {width: 880, height: 1104}, num_inference_steps: 28, guidance_scale: 2.8, output_format: png}
  - id: placed
    inpaint: takes.together
    mask: {find: face, order: left_to_right, assign: cast, grow: 0.35, feather: 0.08}
    prompt: face
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
  - id: judged
    gate: [takes.portraits, placed]
    judge: {measure: identity, against: hold_out, every_face: true}
    accept: {at_least: 0.45, calibrate: {quantile: 0.1, slack: 0.05}}
    unsure: {at_least: 0.36}
    also_reject: [no_face, extra_face, copy_of_training_photo]
    skip_when: {style.painted: true}
    retry: {takes: 2}
    repair:
      mask: {find: face, which: largest, grow: 0.25, feather: 0.08}
      prompt: face
      using: fal-ai/flux-lora/inpainting
      adapters: {likeness: 1.0}
      ladder: {strength: [0.45, 0.6, 0.75]}
  - id: picks
    choose: judged.accepted
    keep: {best: 2, per: [subject, scene, style]}
  - {id: finish, upscale: picks, using: fal-ai/seedvr/upscale/image, with: {upscale_factor: 2}}
"""
PAIR = b"two people, on the left a {{ cast.left.noun }}, on the right a {{ cast.right.noun }}, in {{ scene.place }}"


def read(folder: Path) -> Recipe:
    write(folder, *(f"photos/{who}/{at:02}.jpg" for who in ("ana", "ben") for at in range(9)))
    write(folder, "prompts/pair.j2", data=PAIR)
    loaded = load(folder, LARGE)
    assert loaded.warnings == []
    return loaded.recipe


def test_everything_it_says_is_understood(tmp_path: Path) -> None:
    recipe = read(tmp_path)
    assert recipe.shots["together"].together == {"left": "ana", "right": "ben"}
    assert recipe.shots["together"].identity is Identity.BY_FACE
    assert recipe.photo_rules is not None
    assert recipe.photo_rules.captions.prefix == "photo of {{ subject.trigger }} {{ subject.noun }}"
    assert [stage.endpoint for stage in recipe.stages if stage.verb in {"gate", "choose"}] == ["", ""]
    judged = gate_rules(recipe.stage("judged"))
    assert judged is not None
    assert judged.retries == 2
    assert [stage.id for stage in recipe.asking] == ["likeness", "takes", "placed", "judged", "finish"]
