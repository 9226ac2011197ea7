"""The words for the single commands."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "no_endpoint_for": Wording("the catalog has no endpoint `{name}`", "for `{task}` it knows {known}"),
    "endpoint_does": Wording("`{name}` is for `{does}`, not for `{task}`", "for `{task}` the catalog knows {known}"),
    "option_untaken": Wording(
        "`{endpoint}` takes no `{option}`", "leave it out, or name another endpoint with `--using`"
    ),
    "prompt_empty": Wording("`--prompt` says nothing", "say what is to be seen"),
    "nobody_in_prompt": Wording(
        "the prompt speaks of `subject`, and no adapter of a person is used",
        "name one with `--model` (generate, inpaint), or say in words who it is",
    ),
    "mask_or_find": Wording(
        "exactly one of `--mask` and `--find` says what is painted over", "`--find face`, or `--mask FILE`"
    ),
    "seeds_and_count": Wording(
        "{seeds} seeds make {seeds} pictures, not {count}", "leave `--count` out, or give one seed to count from"
    ),
    "not_a_size": Wording("`{given}` is no size", "write `880x1104`, a ratio such as `4:5`, or one of {known}"),
    "only_ratios": Wording("`{endpoint}` takes a ratio for a size, not `{given}`", "write `--size 4:5`"),
    "no_size": Wording("`{endpoint}` takes no size", "leave `--size` out, or name another endpoint with `--using`"),
    "too_many_scales": Wording(
        "there are {scales} of `--scale` and {models} of `--model`", "give at most one for each model, in their order"
    ),
    "model_twice": Wording("`{model}` is there twice", "give each `--model` once"),
    "no_such_model_file": Wording("there is no file `{path}`", "without `.safetensors` it is a name on the shelf"),
    "recipe_there": Wording("{file} is there already, and is another recipe", "give `--save-recipe` another name"),
}
