"""The words for what goes wrong in the store and in output folders."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "store_newer": Wording(
        say="the store `{folder}` was made by a newer nano-banana (version {version}; this one knows {known})",
        hint="update nano-banana, or use another store",
    ),
    "store_read_only": Wording(
        say="the store `{folder}` can't be written: {reason}",
        hint="give yourself write permission, or move the store with the setting `store`",
    ),
    "store_group_refused": Wording(
        say="`{path}` can't be given to the group `{group}`: only its members can do that",
        hint="join the group (and log in again), or change the setting `store_group`",
    ),
    "store_full": Wording(
        say="no room left for the store `{folder}`: {reason}",
        hint="free some space (`nano-banana cache gc` helps) and run again; what was recorded before is kept",
    ),
    "store_corrupt": Wording(
        say="the store's database in `{folder}` is damaged: {reason}",
        hint="put it back from a backup, or move it away: an empty store pays for everything again",
    ),
    "store_busy": Wording(
        say="another process keeps the store `{folder}` busy: {reason}",
        hint="wait for it to end, and run again",
    ),
    "store_failed": Wording(
        say="the store `{folder}` can't be used: {reason}",
        hint="check that it is a folder, on a disk that works and has room",
    ),
    "blob_missing": Wording(
        say="a file is gone from the store `{folder}`: {digest}",
        hint="run again: the call that made it is made once more",
    ),
    "blob_damaged": Wording(
        say="a file in the store `{folder}` was damaged, and was removed: {digest}",
        hint="run again: the call that made it is made once more",
    ),
    "ticket_open": Wording(
        say="a request of this call to `{endpoint}` is not settled yet (ticket {number}), so no other was begun",
        hint="let any other run on the store `{folder}` end, and run again: that goes on from the request",
    ),
    "input_unreadable": Wording(
        say="can't read `{path}`: {reason}",
        hint="check the name and the file's permissions",
    ),
    "target_taken": Wording(
        say="`{path}` is not ours to overwrite",
        hint="move it away, or write to another folder with `--out`",
    ),
    "copy_taken": Wording(
        say="`{path}` is in the way: it is not a copy that this project put there",
        hint="move it away, or name another place: in `outputs.files` of a recipe, with `--out` of `again`",
    ),
    "target_full": Wording(
        say="no room left to write into `{folder}`: {reason}",
        hint="free some space and run again; nothing is paid twice",
    ),
    "target_read_only": Wording(
        say="can't write into `{folder}`: {reason}",
        hint="give yourself write permission, or write to another folder with `--out`",
    ),
    "target_failed": Wording(
        say="can't write into `{folder}`: {reason}",
        hint="check that it is a folder on a disk that works",
    ),
}
