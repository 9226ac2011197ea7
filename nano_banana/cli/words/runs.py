"""The words for what is wrong with looking back: at runs, at the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "csv_and_json": Wording("one stdout can't hold both CSV and JSON", "name a file: `--csv FILE`"),
    "csv_suffix": Wording("`{file}` is not how a table is called", "let the name end in .csv or .txt"),
    "no_runs": Wording(
        "no run is on record here", "`nano-banana run` makes the first; another store: `--store FOLDER`"
    ),
    "no_runs_of": Wording("no run of `{recipe}` is on record here", "`nano-banana runs list` shows those that are"),
    "no_such_run": Wording("no run is called `{name}`", "`nano-banana runs list` shows them; `latest` is the last one"),
    "run_ambiguous": Wording("`{name}` may mean {count} runs", "say more of its name"),
    "runs_too_few": Wording(
        "there is no `{name}`: {count} runs are on record", "`latest` is the last one, `latest~1` the one before"
    ),
    "run_first": Wording(
        "run {run} is the first of `{recipe}` that is known, so there is none to compare it with",
        "name two runs: `nano-banana runs diff A B`",
    ),
    "run_not_kept": Wording(
        "what run {run} came to is not known: it is {status}, or its record was dropped",
        "the records of a recipe's last runs are kept; `nano-banana runs list` marks those without one",
    ),
}
