"""The words for settings, config files and the key."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "setting_unknown": Wording("{owner}: there is no setting `{name}`", "`nano-banana config show` lists the settings"),
    "setting_not_a_choice": Wording("{owner}: `{name}` can't be `{given}`", "write one of {choices}"),
    "setting_not_a_count": Wording("{owner}: `{name}` must be a whole number from 1 to 10000, not `{given}`"),
    "setting_not_an_amount": Wording(
        "{owner}: `{name}` must be an amount of US dollars, 0 or more, not `{given}`", "write `inf` for no limit"
    ),
    # What was given is not shown: an address may hold a password.
    "setting_not_an_address": Wording(
        "{owner}: `{name}` must be the address of a host, without a path", "for example https://localhost:8443"
    ),
    "setting_not_names": Wording(
        "{owner}: `{name}` must be names of environment variables with commas between them", "for example STUDIO,CLIENT"
    ),
    "settings_ignored": Wording(
        "{file} sets {names}; ignored, because you have not trusted this folder with it",
        "read the file; `nano-banana trust` accepts what it sets",
    ),
    "setting_not_a_group": Wording(
        "{owner}: `{name}` can't be `{given}`",
        "write a group that this machine has, its number, or `yes` for the folder's own",
    ),
    "setting_not_text": Wording("{owner}: `{name}` must be text that is not empty"),
    "config_unreadable": Wording("can't read {file}: {why}"),
    "config_not_utf8": Wording("this is not text in UTF-8"),
    "config_not_toml": Wording("this is not TOML: {why}", 'strings need quotes: provider = "fal"'),
    "config_not_editable": Wording(
        "can't change `{name}` here without harm to the rest of the file", "edit it by hand"
    ),
    "config_unwritable": Wording("can't write {file}: {why}"),
    "key_unreadable": Wording("can't read the fal key in {file}", "keep it again: `nano-banana config set-key`"),
    "key_malformed": Wording(
        "this does not look like a fal key, which is `id:secret`", "copy it from https://fal.ai/dashboard/keys"
    ),
    "key_as_argument": Wording(
        "the key is not taken from the command line, which others can see and shells remember",
        "type it when asked, or pass it on stdin; and make a new one if this was real",
    ),
    "key_missing": Wording("no key was given, so none is kept", "type it, or pass it on stdin"),
}
