"""The words for what can happen while a plan is done."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "price_unknown": Wording(
        "the next call has no known price, and the budget is {budget_usd:usd}",
        "without {name} it is made all the same",
    ),
    "budget_reached": Wording(
        "the next call may cost {price_usd:usd}, and {spent_usd:usd} of {budget_usd:usd} are spent or kept",
        "raise {name}; the next run goes on from here",
    ),
    "budget_short": Wording(
        "this costs {needed_usd:usd} or more, and the budget is {budget_usd:usd}: nothing was bought",
        "raise {name} to {needed_usd:usd} or more",
    ),
    "budget_short_sample": Wording(
        "this costs {needed_usd:usd} or more, and the budget is {budget_usd:usd}: nothing was bought",
        "`{fits}` costs {fits_usd:usd} or more, which fits; or raise {name} to {needed_usd:usd} or more",
    ),
    "budget_unpriced": Wording(
        "{count} of the calls have no known price, so that a budget of {budget_usd:usd} can't be held to",
        "`nano-banana prices --refresh` asks fal for prices; without {name} it is made all the same",
    ),
    "file_changed": Wording("`{path}` changed while the run was under way", "run it again"),
    "stopping": Wording("stopping: what is under way ends and is kept; Ctrl-C again gives it up"),
    "stopping_at_fal": Wording(
        "stopping: what is at fal stays there, and the next run collects it;"
        " Ctrl-C again cancels what still waits in its queue"
    ),
    "interrupted": Wording("interrupted", "what was made is kept; the next run goes on from here"),
    "waits_for_failed": Wording("waits for {names}, which failed"),
    "made_elsewhere": Wording("another run is making some of this; waiting for it"),
    "unknown_provider": Wording("there is no provider `{name}`", "there are: {known}"),
    "local_undescribed": Wording(
        "the local provider knows nothing of {names}", "describe it in `endpoints/*.yaml`, or leave the stage out"
    ),
    "no_provider": Wording("this version can't run on the provider `{name}`", "it can run on: {known}"),
    "too_dear": Wording(
        "this may cost {price}; above {limit:usd} you are asked first",
        "look at what it would do (`nano-banana plan`, or `--plan` of a single command), then add `--yes`",
    ),
    "reads_environment": Wording("the recipe sends environment variables of yours: {names}"),
    "reads_outside": Wording("the recipe sends {files} files from outside its project: {path}"),
    "reads_file_outside": Wording("the recipe sends a file from outside its project: {path}"),
    "sends_adapter": Wording("the recipe sends the adapter `{model}` of your shelf"),
    "sends_to_stranger": Wording("the recipe sends pictures to `{endpoint}`, whose owner `{owner}` is not known"),
    "price_of_project": Wording("the price of `{endpoint}` is the project's word: {price}"),
    "price_replaced": Wording("the project replaces the price of `{endpoint}` by {price}; the known price is {known}"),
    "not_trusted": Wording(
        "you have not accepted what this recipe does beyond its own folder, so nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs, `{command}` without a run",
    ),
    "not_trusted_here": Wording(
        "you have not accepted what the project says about this endpoint, so nothing was sent",
        "read the list above; `--trust` accepts it for this and later runs",
    ),
}
