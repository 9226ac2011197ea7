"""What can be wrong with a command line or settings; our own bugs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

USAGE_MESSAGES: Mapping[str, Message] = {
    "resubmit_and_abandon": Message("`--resubmit` and `--abandon` contradict each other", "give one of them"),
    "no_such_command": Message("there is no command `{name}`", "`{program} --help` lists the commands"),
    "no_such_option": Message("`{program}` has no option `{name}`", "`{program} --help` lists the options"),
    "usage": Message("{message}", "`{program} --help` says how it is used"),
    "stopped": Message("stopped", "what was made is kept; the same command goes on from here"),
    "new_stopped": Message("stopped; no recipe was written", "flags answer ahead: `nano-banana new --help`"),
    "broken_file": Message("can't open {file}: {why}"),
    "bug": Message("this is a bug in nano-banana: {what}", "please report it with {report}, which holds no key"),
    "bug_unwritten": Message("this is a bug in nano-banana: {what}", "NANO_BANANA_DEBUG=1 shows where it happened"),
    "stdout_unwritable": Message(
        "can't write to stdout: {why}", "the output is lost or cut short; what a run made is kept"
    ),
    "no_working_folder": Message("the folder you are in doesn't exist any more", "`cd` to a folder that exists"),
    "no_home": Message("there is no home folder to keep {file} in", "set HOME to a folder that you can write to"),
    "too_many_open_files": Message("too many open files", "close other programs, or raise the limit (`ulimit -n`)"),
    "no_more_threads": Message("this machine lets the program start no more threads", "raise the limit: `ulimit -u`"),
    "no_temporary_folder": Message(
        "no temporary folder can be written to, neither {folder} nor another", "free some space, or set TMPDIR"
    ),
    "too_few_open_files": Message(
        "only {limit} files may be open at once, and a run needs {wanted}",
        "raise the limit: `ulimit -n 1024`, or where it is set (limits.conf, LimitNOFILE)",
    ),
    "file_unusable": Message("can't use {file}: {why}"),
    "out_of_memory": Message("this machine has too little memory for that"),
    "no_such_schema_file": Message("{file} is not part of this installation", "install nano-banana again"),
    "unwritable": Message("can't write {file}: {why}"),
    "already_there": Message("{file} is there already", "`--force` writes over it"),
    "not_a_name": Message("`{name}` can't be a name", "use small letters, digits, `-` and `_`, a letter first"),
    "no_such_photos": Message("there is no folder {folder}", "`--photos` takes the folder with the subject's photos"),
    "no_recipe": Message("there is no recipe `{path}`", "`nano-banana new` begins one"),
    "set_without_value": Message("`--set {given}` sets nothing", "write `--set name=value`"),
}


SETTING_MESSAGES: Mapping[str, Message] = {
    "setting_unknown": Message("{owner}: there is no setting `{name}`", "`nano-banana config show` lists the settings"),
    "setting_not_a_choice": Message("{owner}: `{name}` can't be `{given}`", "write one of {choices}"),
    "setting_not_a_count": Message("{owner}: `{name}` must be a whole number from 1 to 10000, not `{given}`"),
    "setting_not_an_amount": Message(
        "{owner}: `{name}` must be an amount of US dollars, 0 or more, not `{given}`", "write `inf` for no limit"
    ),
    # What was given is not shown: an address may hold a password.
    "setting_not_an_address": Message(
        "{owner}: `{name}` must be the address of a host, without a path", "for example https://localhost:8443"
    ),
    "setting_not_names": Message(
        "{owner}: `{name}` must be names of environment variables with commas between them", "for example STUDIO,CLIENT"
    ),
    "settings_ignored": Message(
        "{file} sets {names}; ignored, because you have not trusted this folder with it",
        "read the file; `nano-banana trust` accepts what it sets",
    ),
    "setting_not_a_group": Message(
        "{owner}: `{name}` can't be `{given}`",
        "write a group that this machine has, its number, or `yes` for the folder's own",
    ),
    "setting_not_text": Message("{owner}: `{name}` must be text that is not empty"),
    "config_unreadable": Message("can't read {file}: {why}"),
    "config_not_utf8": Message("this is not text in UTF-8"),
    "config_not_toml": Message("this is not TOML: {why}", 'strings need quotes: provider = "fal"'),
    "config_not_editable": Message(
        "can't change `{name}` here without harm to the rest of the file", "edit it by hand"
    ),
    "config_unwritable": Message("can't write {file}: {why}"),
    "key_unreadable": Message("can't read the fal key in {file}", "keep it again: `nano-banana config set-key`"),
    "key_malformed": Message(
        "this does not look like a fal key, which is `id:secret`", "copy it from https://fal.ai/dashboard/keys"
    ),
    "key_as_argument": Message(
        "the key is not taken from the command line, which others can see and shells remember",
        "type it when asked, or pass it on stdin; and make a new one if this was real",
    ),
    "key_missing": Message("no key was given, so none is kept", "type it, or pass it on stdin"),
}


SINGLE_COMMAND_MESSAGES: Mapping[str, Message] = {
    "no_endpoint_for": Message("the catalog has no endpoint `{name}`", "for `{task}` it knows {known}"),
    "endpoint_does": Message("`{name}` is for `{does}`, not for `{task}`", "for `{task}` the catalog knows {known}"),
    "option_untaken": Message(
        "`{endpoint}` takes no `{option}`", "leave it out, or name another endpoint with `--using`"
    ),
    "prompt_empty": Message("`--prompt` says nothing", "say what is to be seen"),
    "nobody_in_prompt": Message(
        "the prompt speaks of `subject`, and no adapter of a person is used",
        "name one with `--model` (generate, inpaint), or say in words who it is",
    ),
    "mask_or_find": Message(
        "exactly one of `--mask` and `--find` says what is painted over", "`--find face`, or `--mask FILE`"
    ),
    "seeds_and_count": Message(
        "{seeds} seeds make {seeds} pictures, not {count}", "leave `--count` out, or give one seed to count from"
    ),
    "not_a_size": Message("`{given}` is no size", "write `880x1104`, a ratio such as `4:5`, or one of {known}"),
    "only_ratios": Message("`{endpoint}` takes a ratio for a size, not `{given}`", "write `--size 4:5`"),
    "no_size": Message("`{endpoint}` takes no size", "leave `--size` out, or name another endpoint with `--using`"),
    "too_many_scales": Message(
        "there are {scales} of `--scale` and {models} of `--model`", "give at most one for each model, in their order"
    ),
    "model_twice": Message("`{model}` is there twice", "give each `--model` once"),
    "no_such_model_file": Message("there is no file `{path}`", "without `.safetensors` it is a name on the shelf"),
    "recipe_there": Message("{file} is there already, and is another recipe", "give `--save-recipe` another name"),
}
