"""The words for locks: what is wrong with one, and what drifted from it."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

_ANEW = "if that is meant, run once without `--locked`, which writes the lock anew"

WORDS: Mapping[str, Wording] = {
    "lock_missing": Wording("there is no lock `{file}` beside the recipe", "run once without `--locked` to write it"),
    "lock_unreadable": Wording("can't read the lock `{file}`: {why}"),
    "lock_unwritten": Wording(
        "can't write the lock `{file}`: {why}", "the pictures are safe; once it can be written, run again"
    ),
    "lock_not_toml": Wording(
        "`{file}` can't be read as a lock: {why}", "settle the merge, or take the file back from git"
    ),
    "lock_not_ours": Wording("`{file}` is no lock of this program's", "run once without `--locked`, which replaces it"),
    "lock_newer": Wording(
        "`{file}` was written by a newer version; this one reads locks up to format {known}", "upgrade nano-banana"
    ),
    "locked_recipe": Wording("the lock is of a recipe `{locked}`, and this one is called `{given}`", _ANEW),
    "locked_provider": Wording(
        "the lock is of pictures by `{locked}`, and `{given}` would answer", "say `--provider {locked}`"
    ),
    "locked_training_set": Wording(
        "the training set of `{subject}` is not the locked one (photos: {locked} in the lock, {given} here)",
        "put the photos and captions back; " + _ANEW,
    ),
    "locked_endpoint": Wording("the fields of `{endpoint}` are not those of the lock", _ANEW),
    "locked_adapters_new": Wording("trainings that the lock does not have ({count}): {names}", _ANEW),
    "locked_adapters_gone": Wording("trainings of the lock that the recipe no longer has ({count}): {names}", _ANEW),
    "locked_adapter_changed": Wording(
        "the training `{adapter}` asks for something else than in the lock",
        "`nano-banana explain {adapter}` says what; " + _ANEW,
    ),
    "locked_adapter_missing": Wording(
        "the adapter `{adapter}` of the lock is not in this store, and trained anew it would be another",
        "copy the store that has it, or name that with `--store`; " + _ANEW,
    ),
    "locked_adapter_other": Wording(
        "the adapter `{adapter}` in this store is another than the lock's",
        "copy the store that has it, or name that with `--store`; " + _ANEW,
    ),
    "locked_takes_new": Wording("takes that the lock does not have ({count}): {names}", _ANEW),
    "locked_takes_gone": Wording("takes of the lock that the recipe no longer has ({count}): {names}", _ANEW),
    "locked_takes_changed": Wording(
        "takes that ask for something else than in the lock ({count}): {names}",
        "`nano-banana explain {first}` says which value; " + _ANEW,
    ),
    "locked_pictures_other": Wording(
        "takes with a picture that is not the locked one ({count}): {names}",
        "the same was asked, and the service drew another; the store that made the lock has the first",
    ),
    "locked_version": Wording("the lock was written by version {version}, and this is {ours}"),
}
