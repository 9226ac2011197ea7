"""The words for packs: what is wrong with one, and with how it is used."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "pack_not_mapping": Wording("`{file}` says nothing of a pack", "begin it with `nano_banana_pack: 1`"),
    "pack_misnamed": Wording("the pack is called `{name}`, and its folder `{folder}`", "give both the same name"),
    "bad_version": Wording("`{name}` is no version", 'three numbers, such as "1.0.0"'),
    "pack_only_for": Wording("`{word}` is of variables of type {type}, and `{name}` is of another"),
    "pack_no_choices": Wording(
        "the choice `{name}` has nothing to choose from", "list them: `choices: [1930s, 1940s]`"
    ),
    "pack_choice": Wording("`{value}` is no choice for `{name}`", "choices: {choices}"),
    "pack_range": Wording("`{name}` is {value}, out of its range", "from {low} to {high}"),
    "pack_value": Wording("`{value}` is no value for `{name}`, which is of type {type}", "a colour is like `#1e90ff`"),
    "pack_crop": Wording("there is no choice `{name}` of the variable `crop`", "known: {known}"),
    "pack_no_prompt": Wording("`{file}` is no prompt", "a prompt is a text file, such as `portrait.j2`"),
    "pack_no_picture": Wording("`{file}` is no picture", "a preview is a .jpg, .png or .webp"),
    "no_pack_template": Wording("the pack `{pack}` has no template `{name}`", "it has: {known}"),
    "no_pack_variable": Wording("`{template}` has no variable `{name}`", "it has: {known}"),
    "pack_version": Wording(
        "the pack `{pack}` is of version {version}, and `{wanted}` is wanted",
        "put the other version into `packs/`, or change what is wanted",
    ),
    "pack_bounds": Wording("`{wanted}` says no versions", 'write them so: ">=1.2,<2"'),
    "pack_noun": Wording(
        "`{template}` is made for {nouns}, and `{subject}` is called `{noun}`",
        "look at a few takes first: `--sample 2`",
    ),
    "pack_crop_unsuited": Wording("`{template}` is not good at `{crop}`", "it is at: {crops}"),
    "locked_packs": Wording(
        "the pack `{pack}` is not the locked one (version {locked} in the lock, {given} here)",
        "put the pack of the lock back into `packs/`; "
        "if that is meant, run once without `--locked`, which writes the lock anew",
    ),
}
