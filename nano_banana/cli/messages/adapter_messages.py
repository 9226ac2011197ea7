"""What can go wrong with adapters, the shelf and adapter archives."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

SHELF_MESSAGES: Mapping[str, Message] = {
    "shelf_empty": Message(
        say="there is no adapter `{name}`: nothing is on the shelf yet",
        hint="train one (`nano-banana run`, `nano-banana fine-tune`), or bring one: `nano-banana models import FILE`",
    ),
    "not_on_shelf": Message(
        say="there is no adapter `{name}` on the shelf",
        hint="on the shelf: {known}; `nano-banana models` lists them, `models import FILE` brings one",
    ),
    "no_such_version": Message(
        say="`{name}` has no version or tag `{version}` on the shelf",
        hint="it has: {known}",
    ),
    "shelf_name": Message(
        say="`{name}` can't be an adapter's name",
        hint="use 1 to 64 letters, digits, `_` and `-`, and begin with a letter or digit",
    ),
    "shelf_words": Message(
        say="that {what} can't be on an adapter's card",
        hint="use at most {most} characters, on one line, none of them invisible",
    ),
    "shelf_name_taken": Message(
        say="`{name}` is taken: versions of it are, or were, on the shelf",
        hint="choose another name; a version's number is never given twice, so two names are never put together",
    ),
    "rename_version": Message(
        say="`{reference}` is one version; a name is changed for all of its versions",
        hint="write `nano-banana models rename {name} NEW`, or give the version a tag",
    ),
    "shelf_tag": Message(
        say="`{tag}` can't be a tag",
        hint="begin with a letter, then letters, digits, `.`, `_` and `-`; `latest` is taken",
    ),
    "shelf_lost": Message(
        say="the adapter `{model}` is on the shelf, but its file is gone from the store, or was damaged",
        hint="import it again, or run the recipe that trained it; `nano-banana cache verify` looks for more like it",
    ),
    "adapter_provider": Message(
        say="`{model}` was made for the provider `{made_for}`, and this run draws on `{provider}`",
        hint="draw with `--provider {made_for}`, or with an adapter that was trained on `{provider}`: "
        "what the local trainer makes are cut-outs of photos, no LoRA",
    ),
    "adapter_nowhere": Message(
        say="the adapter `{name}` names neither a `model` on the shelf nor a `file`",
        hint="write `{{model: ana@3}}` or `{{file: ana.safetensors}}`",
    ),
    "adapter_named_twice": Message(
        say="the adapter `{name}` is a `model` from the shelf, which needs no `{other}`",
        hint="take `{other}` out, or name a `file` instead of the `model`",
    ),
    "locked_model": Message(
        say="the adapter `{adapter}` is `{given}` now, and the lock holds `{locked}` with other bytes",
        hint="write `model: {locked}` in the recipe, where that is still on the shelf, "
        "or run without `--locked` to lock anew",
    ),
    "archive_not_zip": Message(
        say="`{archive}` is no zip archive, or its end is missing",
        hint="fetch or export it again; a download that broke off looks like this",
    ),
    "archive_broken": Message(
        say="`{member}` in `{archive}` can't be unpacked: its bytes are damaged",
        hint="fetch or export the archive again",
    ),
    "archive_path": Message(
        say="`{archive}` holds `{member}`, a name that leads out of its folder or is none everywhere",
        hint="don't trust an archive like this; nothing of it was kept",
    ),
    "archive_link": Message(
        say="`{archive}` holds `{member}`, which is a link or a device, not a file",
        hint="don't trust an archive like this; nothing of it was kept",
    ),
    "archive_twice": Message(
        say="`{archive}` holds `{member}` twice, or so that letter case alone tells the two apart",
        hint="don't trust an archive like this; nothing of it was kept",
    ),
    "archive_encrypted": Message(
        say="`{member}` in `{archive}` is encrypted",
        hint="unpack it with its password, and pack it again without one",
    ),
    "archive_method": Message(
        say="`{member}` in `{archive}` is packed in a way that is not read here",
        hint="pack it as an ordinary zip (deflated or stored)",
    ),
    "archive_many": Message(
        say="`{archive}` holds {found} files, and {most} is the most that are unpacked",
        hint="don't trust an archive like this; nothing of it was kept",
    ),
    "archive_bomb": Message(
        say="`{member}` in `{archive}` grows beyond {most} bytes when it is unpacked",
        hint="an archive like this fills disks; nothing of it was kept",
    ),
    "archive_pickle": Message(
        say="`{archive}` holds `{member}`, a pickle: loading such a file runs whatever code is in it",
        hint="get the adapter as `.safetensors`, or have whoever made it convert it",
    ),
    "archive_foreign": Message(
        say="`{archive}` is a zip, but no adapter of `nano-banana models export`",
        hint="from other programs, give the `.safetensors` file itself; unpack the zip first, where it lies in one",
    ),
    "archive_newer": Message(
        say="`{archive}` was written by a newer nano-banana (format {version}; this one reads up to {known})",
        hint="update nano-banana",
    ),
    "archive_card": Message(
        say="the card in `{archive}` is damaged: it lacks a field, or one is of another kind",
        hint="export the adapter again",
    ),
    "archive_sum": Message(
        say="`{member}` in `{archive}` is not what its checksum says",
        hint="the archive was changed or damaged after it was written; get it again",
    ),
    "archive_unwritten": Message(
        say="`{file}` can't be written: {why}",
        hint="free some space, or export to another folder",
    ),
    "archive_suffix": Message(
        say="`{path}` is not how an adapter's archive is called",
        hint="let the name end in `.nbm`, so that nothing else is written over",
    ),
    "archive_exists": Message(say="`{path}` is there already", hint="choose another name, or say `--force`"),
    "archive_nowhere": Message(
        say="`{path}` can't be a file: it is a folder, or the folder it should lie in is not there",
        hint="name a file, in a folder that is there: `models export ana ana.nbm`",
    ),
    "photos_gone": Message(
        say="the photos that `{model}` was trained from are not in this store (any more)",
        hint="export without `--with-photos`, or run the recipe that trained it first",
    ),
    "model_unreadable": Message(say="`{file}` can't be read: {why}", hint="check the path"),
    "model_pickle": Message(
        say="`{file}` is a pickle (`.pt`, `.ckpt`, `.bin`): loading such a file runs whatever code is in it",
        hint="get the adapter as `.safetensors`; most trainers and model sites offer it, and "
        "safetensors' own `convert` makes it of a pickle, on a machine that may be lost",
    ),
    "model_not_safetensors": Message(
        say="`{file}` is neither a `.safetensors` file nor an `.nbm` archive",
        hint="a page that was saved in place of a download looks like this; look at its first line",
    ),
    "model_broken": Message(
        say="`{file}` is a damaged safetensors file: its header and its bytes contradict each other ({why})",
        hint="fetch it again; a download that broke off looks like this",
    ),
    "model_not_adapter": Message(
        say="`{file}` holds no adapter: none of its tensors is one of a LoRA's pairs",
        hint="give the LoRA itself, not the whole model that it is for",
    ),
    "model_base_unknown": Message(
        say="there is no model family `{base}` that adapters are drawn with",
        hint="endpoints that take adapters are of: {known}",
    ),
    "model_base_wrong": Message(
        say="`{file}` was made for {shown}: its tensors have that model's shape, not that of {base}",
        hint="leave `--base` out, if you said it; where that family can't be drawn with, look for one made for FLUX",
    ),
    "model_rehearsed": Message(
        say="`{file}` comes of a rehearsal: what stood in for fal made it in the name of {base}, and it holds no LoRA",
        hint="import it where a stand-in answers (`NANO_BANANA_FAL_URL`); to draw for real, train for real",
    ),
    "model_base_missing": Message(
        say="nothing in `{file}` tells which model it was made for",
        hint="say it with `--base`, where you know it: {known}",
    ),
    "model_base_strange": Message(
        say="`{file}` was made for {base}, and no endpoint here draws with adapters of that family",
        hint="look for one made for {known}; an endpoint of your own in `endpoints/` may name another `base`",
    ),
    "rm_used": Message(
        say="`{model}` was used in the last run of {recipes}",
        hint="`--force` removes it anyway; a recipe or command that names it will then fail",
    ),
    "rm_unasked": Message(
        say="removing `{model}` from the shelf wants a yes, and nobody is there to ask",
        hint="say `--yes`",
    ),
}
