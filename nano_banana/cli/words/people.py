"""The words for people, and for what they allowed."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "no_consent": Wording(
        "nothing says that {name} agreed to this",
        "ask, and write it down: `consent: {{given_by: …, on: 2026-01-31, uses: [website]}}`",
    ),
    "new_needs_flags": Wording(
        "there is no terminal to ask on",
        "give `{flag}` at least; `nano-banana new --help` lists a flag for every question",
    ),
    "trigger_of_several": Wording(
        "`--trigger` is one word, and there are several people: {people}",
        "leave it out, or write a column `trigger` in the table of `--people`",
    ),
    "person_twice": Wording("there are two people called `{name}`", "give each a name of their own"),
    "no_folder_of_person": Wording(
        "there is no folder with photos of `{name}` in {folder}", "each person needs a folder of that name"
    ),
    "people_unreadable": Wording("can't read the table {file}: {why}", "save it as CSV in UTF-8"),
    "people_columns": Wording("the columns of {file} are not those of a table of people", "known: {known}"),
    "recipe_unreadable": Wording("can't read {file}: {why}"),
    "recipe_without_subjects": Wording(
        "{file} has no `subjects` to add to", "add the person by hand, where the subjects are"
    ),
    "consent_of_nobody": Wording("nobody is named who gave the consent", "add `--consent-by NAME`"),
    "not_a_day": Wording("`{day}` is not a date", "write it as YYYY-MM-DD, such as 2026-01-31"),
    "trigger_not_a_word": Wording("`{trigger}` is not one word", "a trigger has no blanks, such as `anqz7`"),
    "no_such_template": Wording("there is no template {name} in any pack", "`nano-banana packs list` has them all"),
    "consent_no_day": Wording("`{day}` is no day on which {name} can have agreed", "write it as 2026-01-31"),
    "consent_to_come": Wording(
        "{name} is said to agree on `{day}`, which is still to come", "write the day on which the consent was given"
    ),
    "half_a_consent": Wording("the consent of {name} does not say {lacks}", "add `{lacks}` to `consent`"),
}
