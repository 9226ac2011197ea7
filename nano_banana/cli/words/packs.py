"""The words for packs: what is wrong with one, and with how it is used."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "pack_not_mapping": Wording("`{file}` says nothing of a pack", "begin it with `nano_banana_pack: 1`"),
    "pack_misnamed": Wording("the pack is called `{name}`, and its folder `{folder}`", "give both the same name"),
    "bad_version": Wording("`{name}` is no version", 'three numbers, such as "1.0.0"'),
    "pack_only_for": Wording("`{word}` is of variables of type {type}, and `{name}` is of another"),
    "pack_no_choices": Wording("the choice `{name}` has nothing to choose from", "list them: `choices: [wood, stone]`"),
    "pack_choice": Wording("`{value}` is no choice for `{name}`", "choices: {choices}"),
    "pack_range": Wording("`{name}` is {value}, out of its range", "allowed: {low}–{high}"),
    "pack_value": Wording("`{value}` is no value for `{name}`, which is of type {type}", "such as {example}"),
    "pack_crop": Wording("there is no choice `{name}` of the variable `crop`", "known: {known}"),
    "pack_path_outside": Wording("`{path}` lies outside of the pack", "put the file into the folder `{root}`"),
    "pack_no_prompt": Wording("`{file}` is no prompt", "a prompt is a text file, such as `portrait.j2`"),
    "preview_suffix": Wording("`{file}` has no suffix of a picture", "a preview is a .jpg, .png or .webp"),
    "pack_no_picture": Wording("`{file}` is no picture", "a preview is a .jpg, .png or .webp"),
    "no_pack_template": Wording("the pack `{pack}` has no template `{name}`", "it has: {known}"),
    "no_template_named": Wording("`{pack}` is a pack, and no template of it is named", "it has: {known}"),
    "not_multiple": Wording("{name} is {value}, and must be a multiple of {limit}", "{about}"),
    "no_pack_variable": Wording("`{template}` has no variable `{name}`", "it has: {known}"),
    "pack_value_idle": Wording("`{template}` never says `{name}`", "leave it out: it changes nothing"),
    "pack_variable_idle": Wording(
        "the prompt of `{template}` never says its variable `{name}`", "write it into the prompt, or take it out"
    ),
    "pack_of_one": Wording(
        "shot `{shot}` shows several people, and the pack's template `{template}` is for a picture of one",
        "take them in turn, `cast: [ana, ben]`, or write a template for several",
    ),
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
    "no_such_pack": Wording(
        "there is no pack `{name}`",
        "known: {known}; `nano-banana packs list` says more, a folder is written `./{name}`",
    ),
    "pack_no_trigger": Wording(
        "a prompt of `{template}` does not say the trigger", "begin it with `{{{{ subject.trigger }}}}`"
    ),
    "pack_faulty": Wording("`{template}` can't be previewed"),
    "no_preview": Wording("`{template}` has no picture", "`--photos DIR` makes one"),
    "preview_of_nothing": Wording("there is nothing to preview", "name a template, or say `--html packs.html`"),
    "pack_there_already": Wording("{folder} is there already", "give the pack another name"),
    "pack_would_replace": Wording(
        "{folder} is there already ({before}), and would be replaced with version {version}", "`--force` replaces it"
    ),
    "pack_source_missing": Wording("there is no file or folder {path}"),
    "unreadable_pack": Wording("can't read {pack}: {why}"),
    "no_pack_in": Wording("there is no pack in {source}", "a pack is a folder with a `{file}`"),
    "packs_in": Wording("there are several packs in {source}: {names}", "name one of them, such as {first}"),
    "pack_not_zip": Wording("{file} is no zip that can be read", "take a folder or a sound, unlocked zip"),
    "pack_outside": Wording(
        "`{file}` in {pack} leads out of it, or is no name that every system takes",
        "nothing was kept; pack it again without that file",
    ),
    "pack_link": Wording(
        "`{file}` in {pack} is no plain file", "links and devices are refused: put the file itself there"
    ),
    "pack_file_kind": Wording(
        "`{file}` in {pack} is neither a text nor a picture", "a pack holds .yaml, .j2, .txt, .md, .jpg, .png and .webp"
    ),
    "pack_too_big": Wording(
        "`{file}` in {pack} is too much", "at most {files} files, {each} bytes each and {size} bytes together"
    ),
    "locked_pack": Wording(
        "the pack `{pack}` is not the locked one (version {locked} in the lock, {given} here)",
        "put the pack of the lock back into `packs/`; "
        "if that is meant, run once without `--locked`, which writes the lock anew",
    ),
}
