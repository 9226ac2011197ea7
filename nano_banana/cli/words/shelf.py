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
    "shelf_lost": Wording(
        say="the adapter `{model}` is on the shelf, but its file is gone from the store, or was damaged",
        hint="import it again, or run the recipe that trained it; `nano-banana cache verify` looks for more like it",
    ),
    "adapter_provider": Wording(
        say="`{model}` was made for the provider `{made_for}`, and this run draws on `{provider}`",
        hint="draw with `--provider {made_for}`, or with an adapter that was trained on `{provider}`: "
        "what the local trainer makes are cut-outs of photos, no LoRA",
    ),
    "adapter_nowhere": Wording(
        say="the adapter `{name}` names neither a `model` on the shelf nor a `file`",
        hint="write `{{model: ana@3}}` or `{{file: ana.safetensors}}`",
    ),
    "adapter_named_twice": Wording(
        say="the adapter `{name}` is a `model` from the shelf, which needs no `{other}`",
        hint="take `{other}` out, or name a `file` instead of the `model`",
    ),
    "locked_model": Wording(
        say="the adapter `{adapter}` is `{given}` now, and the lock holds `{locked}` with other bytes",
        hint="write `model: {locked}` in the recipe, where that is still on the shelf, "
        "or run without `--locked` to lock anew",
    ),
}
