"""The words for what goes wrong with the adapters on the shelf."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "shelf_empty": Wording(
        say="there is no adapter `{name}`: nothing is on the shelf yet",
        hint="train one (`nano-banana run`, `nano-banana fine-tune`), or bring one: `nano-banana models import FILE`",
    ),
    "not_on_shelf": Wording(
        say="there is no adapter `{name}` on the shelf",
        hint="on the shelf: {known}; `nano-banana models` lists them, `models import FILE` brings one",
    ),
    "no_such_version": Wording(
        say="`{name}` has no version or tag `{version}` on the shelf",
        hint="it has: {known}",
    ),
    "shelf_name": Wording(
        say="`{name}` can't be an adapter's name",
        hint="use 1 to 64 letters, digits, `_` and `-`, and begin with a letter or digit",
    ),
    "shelf_name_taken": Wording(
        say="`{name}` is taken: versions of it are, or were, on the shelf",
        hint="choose another name; a version's number is never given twice, so two names are never put together",
    ),
    "rename_version": Wording(
        say="`{reference}` is one version; a name is changed for all of its versions",
        hint="write `nano-banana models rename {name} NEW`, or give the version a tag",
    ),
    "shelf_tag": Wording(
        say="`{tag}` can't be a tag",
        hint="begin with a letter, then letters, digits, `.`, `_` and `-`; `latest` is taken",
    ),
}
