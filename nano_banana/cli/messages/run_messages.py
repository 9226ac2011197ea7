"""What can happen in a run: budget, trust, locks, store, past runs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

ENGINE_MESSAGES: Mapping[str, Message] = {
    "price_unknown": Message(
        "the next call has no known price, and the budget is {budget_usd:usd}",
        "without {name} it is made all the same",
    ),
    "budget_reached": Message(
        "the next call may cost {price_usd:usd}, and {spent_usd:usd} of {budget_usd:usd} are spent or kept",
        "raise {name}; the next run goes on from here",
    ),
    "budget_short": Message(
        "this costs {needed_usd:usd} or more, and the budget is {budget_usd:usd}: nothing was bought",
        "raise {name} to {needed_usd:usd} or more",
    ),
    "budget_short_sample": Message(
        "this costs {needed_usd:usd} or more, and the budget is {budget_usd:usd}: nothing was bought",
        "`{fits}` costs {fits_usd:usd} or more, which fits; or raise {name} to {needed_usd:usd} or more",
    ),
    "budget_unpriced": Message(
        "{count} of the calls have no known price, so that a budget of {budget_usd:usd} can't be held to",
        "`nano-banana prices --refresh` asks fal for prices; without {name} it is made all the same",
    ),
    "file_changed": Message("`{path}` changed while the run was under way", "run it again"),
    "stopping": Message("stopping: what is under way ends and is kept; Ctrl-C again gives it up"),
    "stopping_at_fal": Message(
        "stopping: what is at fal stays there, and the next run collects it;"
        " Ctrl-C again cancels what still waits in its queue"
    ),
    "interrupted": Message("interrupted", "what was made is kept; the next run goes on from here"),
    "waits_for_failed": Message("waits for {names}, which failed"),
    "made_elsewhere": Message("another run is making some of this; waiting for it"),
    "unknown_provider": Message("there is no provider `{name}`", "there are: {known}"),
    "local_undescribed": Message(
        "the local provider knows nothing of {names}", "describe it in `endpoints/*.yaml`, or leave the stage out"
    ),
    "no_provider": Message("this version can't run on the provider `{name}`", "it can run on: {known}"),
    "too_dear": Message(
        "this may cost {price}; above {limit:usd} you are asked first",
        "look at what it would do (`nano-banana plan`, or `--plan` of a single command), then add `--yes`",
    ),
    "reads_environment": Message("the recipe sends environment variables of yours: {names}"),
    "reads_outside": Message("the recipe sends {files} files from outside its project: {path}"),
    "reads_file_outside": Message("the recipe sends a file from outside its project: {path}"),
    "sends_adapter": Message("the recipe sends the adapter `{model}` of your shelf"),
    "sends_to_stranger": Message("the recipe sends pictures to `{endpoint}`, whose owner `{owner}` is not known"),
    "price_of_project": Message("the price of `{endpoint}` is the project's word: {price}"),
    "price_replaced": Message("the project replaces the price of `{endpoint}` by {price}; the known price is {known}"),
    "not_trusted": Message(
        "you have not accepted what this recipe does beyond its own folder, so nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs, `{command}` without a run",
    ),
    "not_trusted_here": Message(
        "you have not accepted what the project says about this endpoint, so nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs",
    ),
}


_RELOCK_HINT = "if that is meant, run once without `--locked`, which writes the lock anew"

LOCK_MESSAGES: Mapping[str, Message] = {
    "lock_missing": Message("there is no lock `{file}` beside the recipe", "run once without `--locked` to write it"),
    "lock_unreadable": Message("can't read the lock `{file}`: {why}"),
    "lock_unwritten": Message(
        "can't write the lock `{file}`: {why}", "the pictures are safe; once it can be written, run again"
    ),
    "lock_not_toml": Message(
        "`{file}` can't be read as a lock: {why}", "settle the merge, or take the file back from git"
    ),
    "lock_not_ours": Message("`{file}` is no lock of this program's", "run once without `--locked`, which replaces it"),
    "lock_newer": Message(
        "`{file}` was written by a newer version; this one reads locks up to format {known}", "upgrade nano-banana"
    ),
    "locked_recipe": Message("the lock is of a recipe `{locked}`, and this one is called `{given}`", _RELOCK_HINT),
    "locked_provider": Message(
        "the lock is of pictures by `{locked}`, and `{given}` would answer", "say `--provider {locked}`"
    ),
    "locked_training_set": Message(
        "the training set of `{subject}` is not the locked one (photos: {locked} in the lock, {given} here)",
        "put the photos and captions back; " + _RELOCK_HINT,
    ),
    "locked_endpoint": Message("the fields of `{endpoint}` are not those of the lock", _RELOCK_HINT),
    "locked_adapters_new": Message("trainings that the lock does not have ({count}): {names}", _RELOCK_HINT),
    "locked_adapters_gone": Message(
        "trainings of the lock that the recipe no longer has ({count}): {names}", _RELOCK_HINT
    ),
    "locked_adapter_changed": Message(
        "the training `{adapter}` asks for something else than in the lock",
        "`nano-banana explain {adapter}` says what; " + _RELOCK_HINT,
    ),
    "locked_adapter_missing": Message(
        "the adapter `{adapter}` of the lock is not in this store, and trained anew it would be another",
        "copy the store that has it, or name that with `--store`; " + _RELOCK_HINT,
    ),
    "locked_adapter_other": Message(
        "the adapter `{adapter}` in this store is another than the lock's",
        "copy the store that has it, or name that with `--store`; " + _RELOCK_HINT,
    ),
    "locked_takes_new": Message("takes that the lock does not have ({count}): {names}", _RELOCK_HINT),
    "locked_takes_gone": Message("takes of the lock that the recipe no longer has ({count}): {names}", _RELOCK_HINT),
    "locked_takes_changed": Message(
        "takes that ask for something else than in the lock ({count}): {names}",
        "`nano-banana explain {first}` says which value; " + _RELOCK_HINT,
    ),
    "locked_pictures_other": Message(
        "takes with a picture that is not the locked one ({count}): {names}",
        "the same was asked, and the service drew another; the store that made the lock has the first",
    ),
    "locked_version": Message("the lock was written by version {version}, and this is {ours}"),
}


PAST_RUN_MESSAGES: Mapping[str, Message] = {
    "csv_and_json": Message("one stdout can't hold both CSV and JSON", "name a file: `--csv FILE`"),
    "csv_suffix": Message("`{file}` is not how a table is called", "let the name end in .csv or .txt"),
    "no_runs": Message(
        "no run is on record here", "`nano-banana run` makes the first; another store: `--store FOLDER`"
    ),
    "no_runs_of": Message("no run of `{recipe}` is on record here", "`nano-banana runs list` shows those that are"),
    "no_such_run": Message("no run is called `{name}`", "`nano-banana runs list` shows them; `latest` is the last one"),
    "run_ambiguous": Message("`{name}` may mean {count} runs", "say more of its name"),
    "runs_too_few": Message(
        "there is no `{name}`: {count} runs are on record", "`latest` is the last one, `latest~1` the one before"
    ),
    "run_first": Message(
        "run {run} is the first of `{recipe}` that is known, so there is none to compare it with",
        "name two runs: `nano-banana runs diff A B`",
    ),
    "run_not_kept": Message(
        "what run {run} came to is not known: it is {status}, or its record was dropped",
        "the records of a recipe's last runs are kept; `nano-banana runs list` marks those without one",
    ),
}


STORE_MESSAGES: Mapping[str, Message] = {
    "store_newer": Message(
        say="the store `{folder}` was made by a newer nano-banana (version {version}; this one knows {known})",
        hint="update nano-banana, or use another store",
    ),
    "store_read_only": Message(
        say="the store `{folder}` can't be written: {reason}",
        hint="give yourself write permission, or move the store with the setting `store`",
    ),
    "store_group_refused": Message(
        say="`{path}` can't be given to the group `{group}`: only its members can do that",
        hint="join the group (and log in again), or change the setting `store_group`",
    ),
    "store_full": Message(
        say="no room left for the store `{folder}`: {reason}",
        hint="free some space (`nano-banana cache gc` helps) and run again; what was recorded before is kept",
    ),
    "store_corrupt": Message(
        say="the store's database in `{folder}` is damaged: {reason}",
        hint="put it back from a backup, or move it away: an empty store pays for everything again",
    ),
    "store_busy": Message(
        say="another process keeps the store `{folder}` busy: {reason}",
        hint="wait for it to end, and run again",
    ),
    "store_failed": Message(
        say="the store `{folder}` can't be used: {reason}",
        hint="check that it is a folder, on a disk that works and has room",
    ),
    "blob_missing": Message(
        say="a file is gone from the store `{folder}`: {digest}",
        hint="run again: the call that made it is made once more",
    ),
    "blob_damaged": Message(
        say="a file in the store `{folder}` was damaged, and was removed: {digest}",
        hint="run again: the call that made it is made once more",
    ),
    "ticket_open": Message(
        say="a request of this call to `{endpoint}` is not settled yet (ticket {number}), so no other was begun",
        hint="let any other run on the store `{folder}` end, and run again: that goes on from the request",
    ),
    "input_unreadable": Message(
        say="can't read `{path}`: {reason}",
        hint="check the name and the file's permissions",
    ),
    "target_taken": Message(
        say="`{path}` is not ours to overwrite",
        hint="move it away, or write to another folder with `--out`",
    ),
    "copy_taken": Message(
        say="`{path}` is in the way: it is not a copy that this project put there",
        hint="move it away, or name another place: in `outputs.files` of a recipe, with `--out` of `again`",
    ),
    "target_full": Message(
        say="no room left to write into `{folder}`: {reason}",
        hint="free some space and run again; nothing is paid twice",
    ),
    "target_read_only": Message(
        say="can't write into `{folder}`: {reason}",
        hint="give yourself write permission, or write to another folder with `--out`",
    ),
    "target_failed": Message(
        say="can't write into `{folder}`: {reason}",
        hint="check that it is a folder on a disk that works",
    ),
}


FORGET_MESSAGES: Mapping[str, Message] = {
    "forget_nobody": Message(
        "nothing here knows a subject `{name}`", "subjects here: {known}; a recipe elsewhere is named by --recipe"
    ),
    "forget_unconfirmed": Message(
        "nothing was deleted: nobody is here to ask", "look at what would go, then say --yes"
    ),
    "forget_declined": Message("nothing was deleted"),
    "forget_underway": Message(
        "a run goes on with the store in {folder}, and would make anew what is deleted", "wait for its end, or stop it"
    ),
    "forget_open": Message(
        "requests of {name} have not come to their end ({number}), and would bring back what is deleted",
        "the next run at the service collects what it has (`nano-banana stats` lists them); here, `--abandon` gives up"
        " those that nobody knows the end of",
    ),
    "forget_busy": Message(
        "another program reads the store in {folder}, so what was deleted can't be wiped from its pages yet",
        "end it, and forget once more: that finishes the work",
    ),
    "photo_unread": Message(
        "can't read {file}, so what was made of it can't be found: {why}", "make it readable, or move it away"
    ),
    "receipt_taken": Message(
        "{file} is there already, and nothing was deleted", "a receipt takes nobody's place: name another file"
    ),
    "receipt_unwritten": Message("the receipt can't be written to {file}, and nothing was deleted: {why}"),
}
