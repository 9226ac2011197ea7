"""What can be wrong with a command line or settings; our own bugs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

MESSAGES: Mapping[str, Message] = {
    # command lines
    "resubmit_and_abandon": Message("`--resubmit` and `--abandon` can't be used together", "pass one of them"),
    "no_such_command": Message("unknown command `{name}`", "`{program} --help` lists the commands"),
    "no_such_option": Message("`{program}` has no option `{name}`", "`{program} --help` lists the options"),
    "usage": Message("{message}", "see `{program} --help`"),
    "stopped": Message("stopped", "finished work is kept; run the same command to continue"),
    "new_stopped": Message(
        "stopped; no recipe was written", "every question has an option: see `nano-banana new --help`"
    ),
    "set_without_value": Message("`--set {given}` has no value", "write `--set name=value`"),
    "no_recipe": Message("recipe `{path}` not found", "`nano-banana new` creates one"),
    "no_such_photos": Message("folder {folder} not found", "`--photos` takes the folder with the subject's photos"),
    "not_a_name": Message("invalid name `{name}`", "use lower-case letters, digits, `-` and `_`; start with a letter"),
    # files and this machine
    "already_there": Message("{file} already exists", "`--force` overwrites it"),
    "unwritable": Message("can't write {file}: {why}"),
    "broken_file": Message("can't open {file}: {why}"),
    "file_unusable": Message("can't use {file}: {why}"),
    "stdout_unwritable": Message(
        "can't write to stdout: {why}", "the output is lost or incomplete; the results of a run are kept"
    ),
    "no_working_folder": Message("the current folder no longer exists", "`cd` to a folder that exists"),
    "no_home": Message("no home folder for {file}", "set HOME to a folder that you can write to"),
    "too_many_open_files": Message("too many open files", "close other programs, or raise the limit (`ulimit -n`)"),
    "too_few_open_files": Message(
        "the open-file limit is {limit}, but a run needs {wanted}",
        "raise it: `ulimit -n 1024`, or where it is set (limits.conf, LimitNOFILE)",
    ),
    "no_more_threads": Message("too many threads on this machine", "raise the limit: `ulimit -u`"),
    "no_temporary_folder": Message(
        "no writable temporary folder ({folder} and others)", "free some space, or set TMPDIR"
    ),
    "out_of_memory": Message("not enough memory"),
    "no_such_schema_file": Message("{file} is missing from this installation", "reinstall nano-banana"),
    "bug": Message("this is a bug in nano-banana: {what}", "please report it with {report} (contains no key)"),
    "bug_unwritten": Message("this is a bug in nano-banana: {what}", "NANO_BANANA_DEBUG=1 shows where it happened"),
    # settings
    "setting_unknown": Message("{owner}: unknown setting `{name}`", "`nano-banana config show` lists the settings"),
    "setting_not_a_choice": Message("{owner}: `{name}` can't be `{given}`", "choose from: {choices}"),
    "setting_not_a_count": Message("{owner}: `{name}` must be a whole number from 1 to 10000, not `{given}`"),
    "setting_not_an_amount": Message(
        "{owner}: `{name}` must be an amount of US dollars, 0 or more, not `{given}`", "write `inf` for no limit"
    ),
    # The given value is not shown: an address may contain a password.
    "setting_not_an_address": Message(
        "{owner}: `{name}` must be the address of a host, without a path", "for example https://localhost:8443"
    ),
    "setting_not_names": Message(
        "{owner}: `{name}` must be names of environment variables, separated by commas", "for example STUDIO,CLIENT"
    ),
    "settings_ignored": Message(
        "{names} in {file} ignored, because you haven't trusted this project",
        "read the file; `nano-banana trust` accepts them",
    ),
    "setting_not_a_group": Message(
        "{owner}: `{name}` can't be `{given}`",
        "write the name or number of a group on this machine, or `yes` for the folder's own",
    ),
    "setting_not_text": Message("{owner}: `{name}` must be text, and not empty"),
    "config_unreadable": Message("can't read {file}: {why}"),
    "config_not_utf8": Message("this is not UTF-8 text"),
    "config_not_toml": Message("invalid TOML: {why}", 'text needs quotes: provider = "fal"'),
    "config_not_editable": Message("can't edit `{name}` in this file automatically", "edit it by hand"),
    "config_unwritable": Message("can't write {file}: {why}"),
    # the fal key
    "key_unreadable": Message("can't read the fal key in {file}", "store it again: `nano-banana config set-key`"),
    "key_malformed": Message(
        "this doesn't look like a fal key (`id:secret`)", "copy it from https://fal.ai/dashboard/keys"
    ),
    "key_as_argument": Message(
        "a key can't be given on the command line, where others can see it and shells store it",
        "type it when asked, or pass it on stdin; if this one was real, create a new one",
    ),
    "key_missing": Message("no key given", "type it, or pass it on stdin"),
    # single commands
    "no_endpoint_for": Message("unknown endpoint `{name}`", "for `{task}`, available: {known}"),
    "endpoint_does": Message("`{name}` is for `{does}`, not for `{task}`", "for `{task}`, available: {known}"),
    "option_untaken": Message(
        "`{endpoint}` doesn't support `{option}`", "remove it, or choose another endpoint with `--using`"
    ),
    "prompt_empty": Message("`--prompt` is empty", "write what the picture should show"),
    "nobody_in_prompt": Message(
        "the prompt uses `subject`, but no adapter of a person is used",
        "add one with `--model` (generate, inpaint), or describe the person in the prompt",
    ),
    "mask_or_find": Message("give exactly one of `--mask` and `--find`", "`--find face`, or `--mask FILE`"),
    "seeds_and_count": Message(
        "{seeds} seeds make {seeds} pictures, not {count}", "remove `--count`, or give one seed to start from"
    ),
    "not_a_size": Message(
        "`{given}` is not a valid size", "write `880x1104`, a ratio such as `4:5`, or one of {known}"
    ),
    "only_ratios": Message("`{endpoint}` takes an aspect ratio, not `{given}`", "write `--size 4:5`"),
    "no_size": Message("`{endpoint}` takes no size", "remove `--size`, or choose another endpoint with `--using`"),
    "too_many_scales": Message(
        "there are {scales} `--scale` options for {models} `--model` options",
        "give at most one for each model, in the same order",
    ),
    "model_twice": Message("`{model}` is given twice", "give each `--model` once"),
    "recipe_there": Message("{file} already exists with different content", "choose another name for `--save-recipe`"),
}
