"""What can happen in a run: budget, trust, locks, store, past runs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

_RELOCK_HINT = "to accept this, run once without `--locked`, which rewrites the lock"

MESSAGES: Mapping[str, Message] = {
    # the studio
    "studio_pick_stage": Message("`{name}` is no stage with pictures", "choose from: {known}"),
    "studio_running": Message("a run is under way", "wait for its end, or stop it"),
    "studio_stopping": Message("the studio is stopping", "start it again with `nano-banana studio`"),
    "studio_not_running": Message("no run of the studio is under way"),
    "studio_no_network": Message("this computer is in no network", "leave out `--lan`"),
    "studio_lan_refused": Message("the studio was not opened to the network", "leave out `--lan`, or pass `--yes`"),
    "studio_confirm": Message("this run may cost {price}", "confirm it, or set a budget"),
    # money
    "price_unknown": Message(
        "the price of the next call is unknown, so the budget of {budget_usd:usd} can't be guaranteed",
        "remove {name} to run without a limit",
    ),
    "budget_reached": Message(
        "budget reached: the next call may cost {price_usd:usd}, but {spent_usd:usd} of {budget_usd:usd} are already "
        "spent or reserved",
        "raise {name}; the next run continues from here",
    ),
    "budget_short": Message(
        "the run costs at least {needed_usd:usd}, more than the budget of {budget_usd:usd}: nothing was sent",
        "raise {name} to {needed_usd:usd} or more",
    ),
    "budget_short_sample": Message(
        "the run costs at least {needed_usd:usd}, more than the budget of {budget_usd:usd}: nothing was sent",
        "`{fits}` costs at least {fits_usd:usd}, which fits; or raise {name} to {needed_usd:usd} or more",
    ),
    "budget_unpriced": Message(
        "{count} calls have no known price, so the budget of {budget_usd:usd} can't be guaranteed",
        "`nano-banana prices --refresh` gets prices from fal; or remove {name} to run without a limit",
    ),
    "too_dear": Message(
        "this may cost {price}, more than {limit:usd} (`ask_above_usd`), and needs confirmation",
        "check it with `nano-banana plan` (or `--plan` of a single command), then pass `--yes`",
    ),
    "budget_missing": Message(
        "the run may cost {price}, more than {limit:usd} (`ask_above_usd`), and has no budget",
        "pass the most that it may spend: `recipe.run(budget=…)`",
    ),
    # a run
    "file_changed": Message("`{path}` changed during the run", "run it again"),
    "stopping": Message("stopping: calls in progress finish and are kept; press Ctrl-C again to abort them"),
    "stopping_at_fal": Message(
        "stopping: requests at fal continue, and the next run collects them;"
        " press Ctrl-C again to cancel those still queued"
    ),
    "interrupted": Message("interrupted", "finished work is kept; the next run continues from here"),
    "waits_for_failed": Message("depends on {names}, which failed"),
    "made_elsewhere": Message("another run is making some of these pictures; waiting for it"),
    "unknown_provider": Message(
        "unknown provider `{name}`", "available: {known}; other packages can add more (docs/extending.md)"
    ),
    "provider_broken": Message(
        "can't use the provider `{name}`: {entry_point}: {why}", "update or uninstall the package that offers it"
    ),
    "provider_failed": Message(
        "the provider `{name}` failed on `{endpoint}`: {why}", "report this to the authors of the provider's package"
    ),
    "provider_may_bill_twice": Message(
        "if a run is interrupted, `{name}` may bill the calls in progress again: it can't look up earlier requests"
    ),
    "no_credentials": Message("no credentials for the provider `{name}`", "set {variables}"),
    "endpoints_unanswered": Message("the provider `{provider}` doesn't answer {names}", "it answers: {known}"),
    "local_undescribed": Message(
        "the local provider doesn't know {names}", "describe it in `endpoints/*.yaml`, or remove the stage"
    ),
    # trust
    "reads_environment": Message("the recipe sends your environment variables {names}"),
    "reads_outside": Message("the recipe sends {files} files from outside its project: {path}"),
    "reads_file_outside": Message("the recipe sends a file from outside its project: {path}"),
    "sends_adapter": Message("the recipe sends the adapter `{model}` from your shelf"),
    "sends_to_stranger": Message("the recipe sends pictures to `{endpoint}`, whose owner `{owner}` is unknown"),
    "price_of_project": Message("the price of `{endpoint}` comes from the project, not from fal: {price}"),
    "price_replaced": Message("the project changes the price of `{endpoint}` from {known} to {price}"),
    "not_trusted": Message(
        "this recipe needs your trust; nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs, `{command}` without running",
    ),
    "not_trusted_here": Message(
        "what the project says about this endpoint needs your trust; nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs",
    ),
    # the lock
    "lock_missing": Message("lock file `{file}` not found", "run once without `--locked` to write it"),
    "lock_unreadable": Message("can't read the lock `{file}`: {why}"),
    "lock_unwritten": Message(
        "can't write the lock `{file}`: {why}", "the pictures are safe; make the file writable, and run again"
    ),
    "lock_not_toml": Message("can't read the lock `{file}`: {why}", "resolve the merge, or restore the file from git"),
    "lock_not_ours": Message(
        "`{file}` is not a nano-banana lock file", "run once without `--locked`, which replaces it"
    ),
    "lock_newer": Message(
        "`{file}` was written by a newer version (this one reads up to format {known})", "update nano-banana"
    ),
    "locked_recipe": Message("the lock is for the recipe `{locked}`, not `{given}`", _RELOCK_HINT),
    "locked_provider": Message("the lock is for the provider `{locked}`, not `{given}`", "pass `--provider {locked}`"),
    "locked_training_set": Message(
        "the training set of `{subject}` differs from the lock (photos: {locked} in the lock, {given} here)",
        "restore the photos and captions; " + _RELOCK_HINT,
    ),
    "locked_endpoint": Message("the fields of `{endpoint}` differ from the lock", _RELOCK_HINT),
    "locked_adapters_new": Message("trainings that are not in the lock ({count}): {names}", _RELOCK_HINT),
    "locked_adapters_gone": Message(
        "trainings in the lock that the recipe no longer has ({count}): {names}", _RELOCK_HINT
    ),
    "locked_adapter_changed": Message(
        "adapter `{adapter}` would be trained differently from the lock",
        "`nano-banana explain {adapter}` shows the difference; " + _RELOCK_HINT,
    ),
    "locked_adapter_missing": Message(
        "the locked adapter `{adapter}` is not in this store; retraining would give a different one",
        "copy the store that has it, or point to it with `--store`; " + _RELOCK_HINT,
    ),
    "locked_adapter_other": Message(
        "the adapter `{adapter}` in this store is not the locked one",
        "copy the store that has it, or point to it with `--store`; " + _RELOCK_HINT,
    ),
    "locked_takes_new": Message("takes that are not in the lock ({count}): {names}", _RELOCK_HINT),
    "locked_takes_gone": Message("takes in the lock that the recipe no longer has ({count}): {names}", _RELOCK_HINT),
    "locked_takes_changed": Message(
        "takes that would be made differently from the lock ({count}): {names}",
        "`nano-banana explain {first}` shows the difference; " + _RELOCK_HINT,
    ),
    "locked_pictures_other": Message(
        "takes with a different picture than in the lock ({count}): {names}",
        "the provider gave a different picture for the same request; the store that wrote the lock has the first",
    ),
    "locked_version": Message("the lock was written by version {version}; this is {ours}"),
    "locked_model": Message(
        "the adapter `{adapter}` is now `{given}`, but the lock has `{locked}` with other content",
        "write `model: {locked}` in the recipe, if it is still on the shelf; " + _RELOCK_HINT,
    ),
    # past runs
    "csv_and_json": Message("CSV and JSON can't both go to stdout", "name a file: `--csv FILE`"),
    "csv_suffix": Message("`{file}` is not a .csv or .txt file", "use a name that ends in .csv or .txt"),
    "no_runs": Message("no runs yet", "`nano-banana run` makes the first; for another store, pass `--store FOLDER`"),
    "no_runs_of": Message("no runs of `{recipe}` here", "`nano-banana runs list` shows the others"),
    "no_such_run": Message("no run called `{name}`", "`nano-banana runs list` shows them; `latest` is the last one"),
    "run_ambiguous": Message("`{name}` matches {count} runs", "type more of the ID"),
    "runs_too_few": Message(
        "no run `{name}`: there are only {count}", "`latest` is the last run, `latest~1` the one before"
    ),
    "run_first": Message(
        "run {run} is the first run of `{recipe}`, so there is none to compare it with",
        "name two runs: `nano-banana runs diff A B`",
    ),
    "run_not_kept": Message(
        "no take records for run {run}: it is {status}, or its records were deleted",
        "records of a recipe's last runs are kept; `nano-banana runs list` marks runs without them",
    ),
    # the store
    "store_newer": Message(
        "the store `{folder}` is from a newer nano-banana (version {version}; this one reads up to {known})",
        "update nano-banana, or use another store",
    ),
    "store_read_only": Message(
        "can't write to the store `{folder}`: {reason}",
        "give yourself write permission, or move the store with the setting `store`",
    ),
    "store_group_refused": Message(
        "can't give `{path}` to the group `{group}`: only its members can",
        "join the group and log in again, or change the setting `store_group`",
    ),
    "store_full": Message(
        "no space left for the store `{folder}`: {reason}",
        "free some space (`nano-banana cache gc` helps) and run again; earlier results are kept",
    ),
    "store_corrupt": Message(
        "the store's database in `{folder}` is damaged: {reason}",
        "restore it from a backup, or move it away; an empty store pays for everything again",
    ),
    "store_busy": Message(
        "another process is using the store `{folder}`: {reason}", "wait until it finishes, and run again"
    ),
    "store_failed": Message(
        "can't use the store `{folder}`: {reason}", "check that it is a folder on a working disk with free space"
    ),
    "blob_missing": Message(
        "a file is missing from the store `{folder}`: {digest}", "run again: the call that made it is repeated"
    ),
    "blob_damaged": Message(
        "a damaged file was deleted from the store `{folder}`: {digest}",
        "run again: the call that made it is repeated",
    ),
    "ticket_open": Message(
        "a request for this call to `{endpoint}` is still open (ticket {number}), so no new one was sent",
        "let other runs on the store `{folder}` finish, and run again; that continues the request",
    ),
    "input_unreadable": Message("can't read `{path}`: {reason}", "check the name and the file's permissions"),
    "target_taken": Message(
        "`{path}` was not written by nano-banana, so it was not overwritten",
        "move it, or choose another folder with `--out`",
    ),
    "copy_taken": Message(
        "`{path}` was not written by this project, so it was not overwritten",
        "move it, or choose another place: in the recipe's `outputs.files`, or with `--out` of `again`",
    ),
    "target_full": Message(
        "no space left to write to `{folder}`: {reason}", "free some space and run again; nothing is paid for twice"
    ),
    "target_read_only": Message(
        "can't write to `{folder}`: {reason}", "give yourself write permission, or choose another folder with `--out`"
    ),
    "target_failed": Message("can't write to `{folder}`: {reason}", "check that it is a folder on a working disk"),
    # `forget`
    "forget_nobody": Message("unknown subject `{name}`", "available: {known}; name a recipe elsewhere with `--recipe`"),
    "forget_unconfirmed": Message(
        "nothing was deleted: confirmation needs a terminal", "check with `--dry-run`, then pass `--yes`"
    ),
    "forget_declined": Message("nothing was deleted"),
    "forget_underway": Message(
        "a run is using the store {folder} and would recreate deleted data", "wait until it finishes, or stop it"
    ),
    "forget_open": Message(
        "{name} has open requests ({number}), which would bring back deleted data",
        "the next run at the provider collects their results (`nano-banana stats` lists them); `--abandon` drops those"
        " with unknown outcome",
    ),
    "forget_busy": Message(
        "another program is reading the store {folder}, so deleted data can't be wiped from the database yet",
        "end that program, and run `forget` again to finish",
    ),
    "photo_unread": Message(
        "can't read {file}, so what was made from it can't be found: {why}", "make it readable, or move it away"
    ),
    "receipt_taken": Message("{file} already exists, so nothing was deleted", "choose another file name"),
    "receipt_unwritten": Message("can't write the receipt to {file}, so nothing was deleted: {why}"),
}
