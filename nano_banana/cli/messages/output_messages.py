"""What can go wrong with copies, sheets, metadata and watermarks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

_CERTIFICATE_HINT = "`nano-banana config make-certificate` makes one"

MESSAGES: Mapping[str, Message] = {
    # copies
    "export_nowhere": Message("the copies have no destination", "add `to: delivered/` or `zip: delivered.zip`"),
    "export_remote": Message(
        "`{path}` is not a local folder", "copy to a local folder, and upload that with other tools"
    ),
    "target_in_store": Message(
        "`{path}` is inside the store, which only the program writes to", "choose another place"
    ),
    "target_too_long": Message("`{path}` has a name of more than 255 bytes", "use a shorter one"),
    "export_in_out": Message(
        "`{path}` is the folder of this recipe's own pictures", "copy to another folder: `to: delivered/`"
    ),
    "git_sees_faces": Message(
        "the pictures in {paths} show faces and are not in .gitignore", "add a line for each to .gitignore"
    ),
    "export_not_folder": Message("`{path}` is a file, not a folder", "give a folder; it's created if needed"),
    "export_zip_folder": Message("`{path}` is a folder", "give a file: `zip: delivered.zip`"),
    "export_no_zip": Message("`{path}` does not end in `.zip`", "call it `{path}.zip`"),
    "export_quality_of_what": Message("`quality` needs a lossy format", "add `format: jpeg` or `format: webp`"),
    "export_crop_and_longest": Message(
        "`crop` and `longest_side` both set the size of the copies", "remove one of them"
    ),
    "export_crop_unknown": Message("unknown crop size `{crop}`", "write `WIDTHxHEIGHT` in pixels, or one of: {known}"),
    "export_no_name": Message(
        "the copy of {take} would have no name{more:more}", "use a name of the take, such as `{{{{ take }}}}`"
    ),
    "export_outside": Message(
        "the copy of {take} would be called `{name}`, which is outside the folder or empty{more:more}",
        "a name starts with no slash, and has no empty part, `.` or `..`",
    ),
    "export_unsafe": Message(
        "the copy of {take} would be called `{name}`, which some systems can't store{more:more}",
        'avoid `< > : " | ? * \\`, invisible characters, spaces and dots at the ends, and names such as `con`',
    ),
    "export_too_long": Message(
        "the copy of {take} would have a name of more than 250 bytes{more:more}",
        "use keys (`{{{{ scene.key }}}}`), not the text",
    ),
    "export_same_name": Message(
        "the copies of {take} and {other} would both be called `{name}`{more:more}",
        "add what differs: an axis, `{{{{ seed }}}}`, `{{{{ subject.name }}}}`, `{{{{ stage }}}}`, "
        "`{{{{ way }}}}` or `{{{{ verdict }}}}`",
    ),
    "export_not_in_shot": Message(
        "takes of shot `{shot}` have no `{name}`, but the name of the copies uses it",
        "say what to write for them: `{{% if {name} is defined %}}…{{% endif %}}`, "
        "or `{{{{ {name} | default('none') }}}}`",
    ),
    "name_taken": Message(
        "`{other}` has the same `name`, so its picture of {take} in `{folder}` would be overwritten{count:more}",
        "rename this recipe, or choose another folder: `--out`",
    ),
    "disk_nearly_full": Message(
        "`{folder}` has {free:size} free, but the run needs at least {needed:size}",
        "free some space, or put the store on another disk (`--store`); paid results must fit",
    ),
    "prune_part": Message("`--prune` needs a full run (no `--only` or `--sample`)", "run it without them"),
    # contact sheets
    "gallery_empty": Message("`{recipe}` has no pictures to choose from", "run it first"),
    "gallery_folder": Message(
        "`{folder}` has other files in it", "name an empty folder, or that of an earlier gallery"
    ),
    "client_file": Message(
        "`{path}` isn't the file of a gallery: {why}", "merge the `client.json` that the gallery saved"
    ),
    "client_other_recipe": Message(
        "this file is about the recipe `{name}`, not about `{recipe}`",
        "name the recipe: `picks merge client.json RECIPE`",
    ),
    "sheet_empty": Message(
        "nothing to show: there are no pictures of {stages} in the store",
        "make some first (`nano-banana run`), or choose another stage with `--stage`",
    ),
    "sheet_unchosen": Message(
        "nothing to show: no takes were selected at {stages}", "show the stage before it with `--stage`"
    ),
    "sheet_no_pictures": Message(
        "recipe `{recipe}` makes no pictures, so it has no contact sheet", "add a `generate` stage"
    ),
    "sheet_no_stage": Message("the recipe has no stage `{name}` with pictures", "available: {known}"),
    "sheet_no_axis": Message("the takes have no axis `{name}`", "available: {known}"),
    "sheet_no_format": Message(
        "`{file}` has an unknown format for a contact sheet", "use a name that ends in .html, .png or .pdf"
    ),
    # metadata, and `again`
    "unmarkable": Message(
        "this is not an intact PNG, JPEG, WebP or GIF, so it can't be marked as AI-made",
        "ask the endpoint for PNG (`output_format: png` in the stage's `with`, if it has that)",
    ),
    "marked_unreadable": Message("can't read the picture `{path}`: {reason}", "give the path of a readable picture"),
    "marked_too_large": Message("the file `{path}` is larger than {most} MiB, so it is not read", "give a picture"),
    "account_broken": Message(
        "the picture's embedded metadata is damaged", "use another copy of the picture, as `run` wrote it"
    ),
    "no_account": Message(
        "the picture `{path}` has no metadata that says how it was made",
        "see what it has with `nano-banana detect-watermark {path}`; other programs remove metadata when they save a "
        "picture, and `embed: []` writes none",
    ),
    "no_picture_here": Message(
        "`{path}` is not a PNG, JPEG, WebP or GIF", "give a picture that `run` wrote, or the ID of a take"
    ),
    "again_lacks_adapter": Message(
        "an adapter that the picture needs is missing here ({digest:.12})",
        "`nano-banana models export` it where it was trained, `nano-banana models import` it here",
    ),
    "again_lacks_file": Message(
        "an input file of `{endpoint}` is missing here ({place}, {digest:.12})",
        "recreate the picture where it was made; photos and masks never travel with pictures",
    ),
    "again_lacks_picture": Message(
        "the metadata names no call that made the picture ({digest:.12})",
        "it was only opened, or its metadata was changed; there is nothing to recreate",
    ),
    "again_nobody": Message(
        "`{endpoint}` was called at the provider `{name}`, which is not installed",
        "choose another: `--provider local` or `--provider fal`",
    ),
    "again_unknown": Message(
        "the picture was made by `{endpoint}`, which is unknown here",
        "if you trust the picture's origin, `nano-banana catalog refresh {endpoint}` adds it",
    ),
    "again_unfit": Message(
        "`{endpoint}` doesn't accept the picture's value for `{field}`",
        "the picture's metadata or the endpoint has changed; nothing was sent",
    ),
    "again_unasked": Message(
        "recreating this costs {price} and needs confirmation (calls to pay for: {count})",
        "check them with `--plan`, then pass `--yes`",
    ),
    "again_other_suffix": Message(
        "`{path}` has the wrong suffix for this picture's format", "use a name that ends in `{suffix}`"
    ),
    "account_newer": Message(
        "the picture's metadata is from a newer nano-banana (version {version}; this one reads up to {known})",
        "update nano-banana",
    ),
    # watermarks
    "marks_missing": Message(
        "invisible watermarks need {missing}, which is not installed",
        f"`{install_command('marks')}`, then `nano-banana setup`",
    ),
    "mark_not_held": Message(
        "the watermark could not be embedded: only {agree} of 32 bits are readable",
        "the picture may be empty or almost black; exclude it from the mark stage",
    ),
    "mark_not_last": Message(
        "stage `{stage}` changes pictures that `{mark}` has already marked, which weakens the watermark",
        "put the mark stage last",
    ),
    "no_such_kind": Message("unknown check `{name}`", "available: {known}"),
    "mark_id_odd": Message("`{given}` is not a watermark ID", "write 8 hex digits, such as c0ffee42"),
    "trust_unreadable": Message("can't read certificates from {file}: {why}", "give a file with PEM certificates"),
    "no_pictures_there": Message("no pictures found in {folder}", "give pictures, or a folder that contains some"),
    # content credentials
    "c2pa_extra": Message(
        "content credentials need packages that are not installed: {missing}", f"`{install_command('c2pa')}`"
    ),
    "c2pa_file_missing": Message(
        "content credentials need {file} (the setting `{setting}`), which doesn't exist",
        f"{_CERTIFICATE_HINT}; to use your own: `nano-banana config set {{setting}} FILE`",
    ),
    "c2pa_file_unreadable": Message("can't read {file}: {why}"),
    "c2pa_not_a_certificate": Message(
        "{file} is not a certificate", "it must be PEM text: the signer's certificate first, then its issuers"
    ),
    "c2pa_not_a_key": Message("{file} is not a private key", "it must be PEM text, preferably PKCS #8"),
    "c2pa_key_locked": Message("the key in {file} has a password", "store a copy without one, readable only by you"),
    "c2pa_key_kind": Message(
        "the key in {file} has a type that can't sign content credentials",
        "use an elliptic curve (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more",
    ),
    "c2pa_key_of_another": Message(
        "the key in {key} doesn't match the certificate in {file}",
        "if the file contains several certificates, the signer's must come first",
    ),
    "c2pa_expired": Message(
        "the certificate in {file} expired on {when}", f"{_CERTIFICATE_HINT}; add `--force` to replace this one"
    ),
    "c2pa_not_yet": Message("the certificate in {file} is not valid before {when}", "check the system clock"),
    "c2pa_unfit": Message(
        "the certificate in {file} is not suitable for content credentials: it lacks {lacks}",
        f"get one that has these; {_CERTIFICATE_HINT}",
    ),
    "c2pa_taken": Message("{file} already exists", "`--force` replaces it; pictures signed with it stay valid"),
    "c2pa_organisation": Message("invalid signer name `{given}`", "use 1 to 64 printable characters"),
    "c2pa_not_signed": Message("can't add content credentials to this picture: {why}"),
}
