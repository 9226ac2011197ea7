"""What can go wrong with adapters, the shelf and adapter archives."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

_UNSAFE_HINT = "don't trust this archive; nothing from it was imported"

MESSAGES: Mapping[str, Message] = {
    # the shelf
    "shelf_empty": Message(
        "no adapter `{name}`: the shelf is empty",
        "train one (`nano-banana run`, `nano-banana fine-tune`), or import one: `nano-banana models import FILE`",
    ),
    "not_on_shelf": Message(
        "no adapter `{name}` on the shelf",
        "available: {known}; `nano-banana models` lists them, `models import FILE` adds one",
    ),
    "no_such_version": Message("`{name}` has no version or tag `{version}`", "available: {known}"),
    "shelf_name": Message(
        "invalid adapter name `{name}`", "use 1 to 64 letters, digits, `_` and `-`; start with a letter or digit"
    ),
    "shelf_words": Message("invalid {what}", "use at most {most} visible characters, on one line"),
    "shelf_name_taken": Message(
        "the name `{name}` is already in use, or was before",
        "choose another name; version numbers are never reused, so two names can't be merged",
    ),
    "rename_version": Message(
        "`{reference}` is one version, but renaming applies to all versions",
        "run `nano-banana models rename {name} NEW`, or tag the version",
    ),
    "shelf_tag": Message(
        "invalid tag `{tag}`",
        "start with a letter, then use letters, digits, `.`, `_` and `-`; `latest` is reserved",
    ),
    "shelf_lost": Message(
        "the file of the adapter `{model}` is missing from the store, or damaged",
        "import it again, or run the recipe that trained it; `nano-banana cache verify` finds similar damage",
    ),
    "adapter_provider": Message(
        "`{model}` was made for the provider `{made_for}`, but this run uses `{provider}`",
        "use `--provider {made_for}`, or an adapter that was trained on `{provider}`; local adapters are photo "
        "cut-outs, not LoRAs",
    ),
    "adapter_nowhere": Message(
        "the adapter `{name}` has neither a `model` nor a `file`",
        "write `{{model: ana@3}}` or `{{file: ana.safetensors}}`",
    ),
    "adapter_named_twice": Message(
        "the adapter `{name}` is a `model` from the shelf, so `{other}` is not allowed",
        "remove `{other}`, or use `file` instead of `model`",
    ),
    "rm_used": Message(
        "`{model}` was used in the last run of {recipes}",
        "`--force` removes it anyway; recipes and commands that use it will then fail",
    ),
    "rm_unasked": Message("removing `{model}` needs confirmation", "pass `--yes`"),
    # archives
    "archive_not_zip": Message("`{archive}` is not a zip file, or is truncated", "download or export it again"),
    "archive_broken": Message(
        "can't unpack `{member}` in `{archive}`: it is damaged", "download or export the archive again"
    ),
    "archive_path": Message("unsafe path `{member}` in `{archive}`", _UNSAFE_HINT),
    "archive_link": Message("`{member}` in `{archive}` is a link or a device, not a file", _UNSAFE_HINT),
    "archive_twice": Message(
        "`{archive}` contains `{member}` twice, or two names that differ only in case", _UNSAFE_HINT
    ),
    "archive_encrypted": Message(
        "`{member}` in `{archive}` is encrypted", "unpack it with its password, and pack it again without one"
    ),
    "archive_method": Message(
        "`{member}` in `{archive}` has an unsupported compression", "pack it as an ordinary zip (deflated or stored)"
    ),
    "archive_many": Message("`{archive}` contains {found} files, more than the limit of {most}", _UNSAFE_HINT),
    "archive_bomb": Message("`{member}` in `{archive}` unpacks to more than {most} bytes", _UNSAFE_HINT),
    "archive_pickle": Message(
        "`{archive}` contains the pickle file `{member}`; opening such a file runs any code in it",
        "get the adapter as `.safetensors`, or ask its author to convert it",
    ),
    "archive_foreign": Message(
        "`{archive}` is a zip, but not one from `nano-banana models export`",
        "if it is from another program, unpack it and import the `.safetensors` file",
    ),
    "archive_newer": Message(
        "`{archive}` is from a newer nano-banana (format {version}; this one reads up to {known})",
        "update nano-banana",
    ),
    "archive_card": Message(
        "the metadata in `{archive}` is damaged: a field is missing or has the wrong type", "export the adapter again"
    ),
    "archive_sum": Message(
        "`{member}` in `{archive}` doesn't match its checksum",
        "the archive was changed or damaged after it was written; get it again",
    ),
    "archive_unwritten": Message("can't write `{file}`: {why}", "free some space, or export to another folder"),
    "archive_suffix": Message("`{path}` doesn't end in `.nbm`", "use a name that ends in `.nbm`"),
    "archive_exists": Message("`{path}` already exists", "choose another name, or pass `--force`"),
    "archive_nowhere": Message(
        "can't write `{path}`: it is a folder, or its folder doesn't exist",
        "give a file in an existing folder: `models export ana ana.nbm`",
    ),
    "photos_gone": Message(
        "the training photos of `{model}` are not in this store",
        "export without `--with-photos`, or first run the recipe that trained it",
    ),
    # adapter files
    "model_unreadable": Message("can't read `{file}`: {why}", "check the path"),
    "model_pickle": Message(
        "`{file}` is a pickle (`.pt`, `.ckpt`, `.bin`); opening such a file runs any code in it",
        "get the adapter as `.safetensors`, which most trainers and model sites offer, or convert it on a machine that "
        "you can afford to lose",
    ),
    "model_not_safetensors": Message(
        "`{file}` is neither a `.safetensors` file nor an `.nbm` archive",
        "it may be a web page saved instead of the download; check its first line",
    ),
    "model_broken": Message(
        "`{file}` is a damaged safetensors file ({why})", "download it again; the download may have been cut off"
    ),
    "model_not_adapter": Message(
        "`{file}` is not a LoRA: it contains none of a LoRA's tensors",
        "give the LoRA itself, not the whole model that it is for",
    ),
    "model_base_unknown": Message("unknown model family `{base}`", "endpoints with adapters exist for: {known}"),
    "model_base_wrong": Message(
        "`{file}` was made for {shown}, not for {base}: the shapes of its tensors show it",
        "remove `--base`; if that family isn't supported, look for an adapter made for FLUX",
    ),
    "model_rehearsed": Message(
        "`{file}` was made against an emulator (as {base}) and contains no LoRA",
        "import it where the emulator is used (`NANO_BANANA_FAL_URL`), or train with fal itself",
    ),
    "model_base_missing": Message(
        "`{file}` doesn't say which model it was made for", "pass `--base` if you know it: {known}"
    ),
    "model_base_strange": Message(
        "`{file}` was made for {base}, and no endpoint here uses adapters of that family",
        "look for one made for {known}; your own endpoint in `endpoints/` may name another `base`",
    ),
    "no_such_model_file": Message("file `{path}` not found", "a name without `.safetensors` is looked up on the shelf"),
}
