"""The words for what can be wrong with a recipe's shape and names."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "unknown_key": Wording("unknown key `{name}` in {owner}", "known keys: {known}"),
    "bad_name": Wording(
        "`{name}` can't be a name", "letters, digits, `_` and `-`, at most 64, beginning with a letter or digit"
    ),
    "missing_key": Wording("`{name}` is missing in {owner}"),
    "one_of_needed": Wording("{owner} says nothing of what it does", "give it one of: {names}"),
    "wrong_type": Wording("{name} should be {expected}, not {found}"),
    "not_a_choice": Wording("`{value}` is no choice for {name}", "choices: {choices}"),
    "bad_form": Wording("`{value}` has not the right form for {name}"),
    "bad_value": Wording("`{value}` is no good value for {name}", "limit: {limit}"),
    "below_minimum": Wording("{name} is {value}, less than {limit}"),
    "above_maximum": Wording("{name} is {value}, more than {limit}"),
    "too_few": Wording("{name} has too few entries", "at least {limit}"),
    "too_many": Wording("{name} has too many entries", "at most {limit}"),
    "empty_mapping": Wording("{name} is empty"),
    "empty_text": Wording("{name} is empty"),
    "too_long": Wording("{name} is too long", "at most {limit} characters"),
    "repeated": Wording("{name} says the same twice"),
    "unknown_reference": Wording("there is no {what} `{name}`", "known: {known}"),
    "same_trigger": Wording(
        "`{name}` has the trigger `{trigger}` of `{other}`", "give each person a trigger of their own"
    ),
    "photos_zipped": Wording("`{path}` is a zip", "unpack it, and name the folder"),
    "photo_missing": Wording("there is no photo or folder `{path}`", "paths count from the recipe's folder"),
    "no_photos": Wording("`{path}` holds no photos", "JPEG, PNG, WebP, TIFF, BMP and GIF are looked for"),
    "photo_unreadable": Wording("the photo `{path}` can't be read: {why}"),
    "not_a_picture": Wording("`{path}` is no picture", "remove it, or save it as JPEG or PNG"),
    "no_such_file": Wording("there is no file `{path}`", "paths count from the recipe's folder"),
    "reserved_name": Wording("`{name}` in {section} hides a name that templates have anyway", "call it something else"),
    "same_name": Wording("the axis `{name}` has the name of a variable", "templates could not tell them apart"),
    "repeated_value": Wording("`{value}` is there twice"),
    "empty_matrix": Wording("nothing is left of shot `{shot}`: every combination is excluded"),
    "repeated_id": Wording("two stages have the id `{id}`"),
    "two_verbs": Wording("a stage does one thing, and this does two: {first} and {second}"),
    "no_training_set": Wording(
        "`{subject}` has no training set to train from", "add `training_set: photos/{subject}` to the subject"
    ),
    "mask_shapes": Wording("a mask needs exactly one shape, and this has {found}", "shapes: {shapes}"),
    "mask_inside_out": Wording("the {shape} is inside out", "`[x0, y0, x1, y1]` with x0 < x1 and y0 < y1"),
    "cycle": Wording("stages wait for each other in a circle: {circle}"),
    "unknown_endpoint": Wording(
        "the catalog has no endpoint `{name}`",
        "describe it in `endpoints/*.yaml`, or use the `call` stage, which sends anything",
    ),
    "endpoint_uncatalogued": Wording("the catalog has no endpoint `{name}`; its fields are sent unchecked"),
    "endpoint_unfit": Wording(
        "`{endpoint}` can't do the work of `{verb}` (it is for {does})", "endpoints that can are suggested above"
    ),
    "takes_no_adapters": Wording(
        "`{endpoint}` takes no adapters", "use an endpoint for LoRAs, such as `fal-ai/flux-lora`"
    ),
    "too_many_adapters": Wording("`{endpoint}` takes {most} adapters at most, and this has {found}"),
    "adapter_base": Wording(
        "the adapter `{name}` is made for {base}, and `{endpoint}` needs {needs}",
        "train with a trainer of that family, or draw with an endpoint of the adapter's",
    ),
    "not_trained": Wording(
        "shot `{shot}` is drawn with `{stage}`, which does not train `{subject}`",
        "add `{subject}` to the stage's `train`",
    ),
    "no_steps": Wording("`{endpoint}` has no number of steps"),
    "steps_twice": Wording("the steps are said twice: as `steps`, and as `{field}` under `with`"),
    "seedless": Wording(
        "`{endpoint}` takes no seed, so that the {count} seeds of shot `{shot}` would all be one picture",
        "give the shot one seed",
    ),
    "template_unused": Wording("no shot and no stage uses the template `{name}`"),
    "no_trigger": Wording(
        "stage `{stage}` draws shot `{shot}` with a subject's adapter, and the prompt never says the trigger",
        "write `{{{{ subject.trigger }}}} {{{{ subject.noun }}}}` first",
    ),
    "env_unset": Wording("the environment variable `{name}` is not set"),
}
