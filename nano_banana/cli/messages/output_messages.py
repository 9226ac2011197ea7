"""What can go wrong with copies, sheets, metadata and watermarks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

OUTPUT_MESSAGES: Mapping[str, Message] = {
    "export_nowhere": Message(
        "nothing says where the copies go", "add `to: delivered/`, a folder, or `zip: delivered.zip`"
    ),
    "export_remote": Message(
        "`{path}` is no folder of this machine",
        "copy to a folder here, and send that on with the tools of the other side",
    ),
    "target_in_store": Message(
        "`{path}` lies in the store, which only the program writes to", "name a place outside of it"
    ),
    "target_too_long": Message("`{path}` has a name of more than 255 bytes", "use a shorter one"),
    "export_in_out": Message(
        "`{path}` is where this recipe's own pictures lie", "copy to a folder beside: `to: delivered/`"
    ),
    "git_sees_faces": Message(
        "git would commit the pictures in {paths}: they show faces, and nothing ignores them",
        "add a line for each to .gitignore",
    ),
    "export_not_folder": Message("`{path}` is a file, not a folder", "name a folder; it is made where it is not there"),
    "export_zip_folder": Message("`{path}` is a folder", "name the file: `zip: delivered.zip`"),
    "export_no_zip": Message("`{path}` does not end in `.zip`", "call it `{path}.zip`"),
    "export_quality_of_what": Message(
        "`quality` is for copies in a format that loses some of the picture", "add `format: jpeg` or `format: webp`"
    ),
    "export_crop_and_longest": Message(
        "`crop` gives both sides of the copies, and `longest_side` one of them", "leave one of the two out"
    ),
    "export_crop_unknown": Message(
        "`{crop}` is no size that copies can be cut to", "write `WIDTHxHEIGHT` in pixels, or one of: {known}"
    ),
    "export_no_name": Message(
        "the copy of {take} would have no name{more:more}", "use names of the take, such as `{{{{ take }}}}`"
    ),
    "export_outside": Message(
        "the copy of {take} would be called `{name}`, which leads out of its folder or nowhere{more:more}",
        "a name begins with no slash, and has no empty part, no `.` and no `..`",
    ),
    "export_unsafe": Message(
        "the copy of {take} would be called `{name}`, which not every system can store{more:more}",
        'leave out `< > : " | ? * \\`, what is invisible, blanks and dots at the ends, and names such as `con`',
    ),
    "export_too_long": Message(
        "the copy of {take} would have a name of more than 250 bytes{more:more}",
        "use keys: `{{{{ scene.key }}}}`, not the text",
    ),
    "export_same_name": Message(
        "the copies of {take} and {other} would both be called `{name}`{more:more}",
        "add what tells them apart: an axis, `{{{{ seed }}}}`, `{{{{ subject.name }}}}`, `{{{{ stage }}}}`, "
        "`{{{{ way }}}}` or `{{{{ verdict }}}}`",
    ),
    "export_not_in_shot": Message(
        "takes of shot `{shot}` have no `{name}`, which the name of the copies uses",
        "say what to write for them: `{{% if {name} is defined %}}…{{% endif %}}`, "
        "or `{{{{ {name} | default('none') }}}}`",
    ),
    "name_taken": Message(
        "`{other}` has the same `name`, and its picture of {take} in `{folder}` would be overwritten{count:more}",
        "give this recipe a name of its own, or another folder: `--out`",
    ),
    "disk_nearly_full": Message(
        "`{folder}` has {free:size} free, and what would be made needs {needed:size} or more",
        "free some space first, or name a store on another disk (`--store`): what is paid for has to be kept",
    ),
    "prune_part": Message(
        "`--prune` needs a whole run: with `--only` or `--sample` nothing is handed out",
        "run it once without them",
    ),
}


SHEET_MESSAGES: Mapping[str, Message] = {
    "sheet_empty": Message(
        say="there is nothing to show: no picture of {stages} is in the store",
        hint="make some first: `nano-banana run`; or name another stage with `--stage`",
    ),
    "sheet_unchosen": Message(
        say="there is nothing to show: {stages} chose none of the takes",
        hint="show the stage before it with `--stage`",
    ),
    "sheet_no_pictures": Message(
        say="recipe `{recipe}` draws nothing, so it has no contact sheet",
        hint="add a stage that draws (`generate`)",
    ),
    "sheet_no_stage": Message(say="the recipe has no stage `{name}` with pictures", hint="these have some: {known}"),
    "sheet_no_axis": Message(say="the takes have no axis `{name}`", hint="they have: {known}"),
    "sheet_no_format": Message(
        say="`{file}` is no format of a contact sheet", hint="let its name end in .html, .png or .pdf"
    ),
}


PROVENANCE_MESSAGES: Mapping[str, Message] = {
    "unmarkable": Message(
        say="the picture is no PNG, JPEG, WebP or GIF, or is damaged, so it can't say that it is AI-made",
        hint="ask the endpoint for PNG (`output_format: png` in the stage's `with`, where it has that)",
    ),
    "marked_unreadable": Message(
        say="the picture `{path}` can't be read: {reason}",
        hint="give the path of a picture file that you may read",
    ),
    "marked_too_large": Message(
        say="the file `{path}` is larger than {most} MiB, and is not read",
        hint="give a picture file",
    ),
    "account_broken": Message(
        say="the picture tells how it was made, but that text is damaged",
        hint="use another copy of the picture, as `run` wrote it",
    ),
    "no_account": Message(
        say="the picture `{path}` does not tell how it was made",
        hint="see what it does tell with `nano-banana detect-watermark {path}`; a copy that a program has saved anew, "
        "or one made with `embed: []`, tells no more",
    ),
    "no_picture_here": Message(
        say="`{path}` is no PNG, JPEG, WebP or GIF",
        hint="give a picture that `run` wrote, or the id of a take",
    ),
    "again_lacks_adapter": Message(
        say="an adapter that the picture hangs on is not here ({digest:.12})",
        hint="bring it over: `nano-banana models export` where it was trained, `nano-banana models import` here",
    ),
    "again_lacks_file": Message(
        say="a file that went into `{endpoint}` is not here ({place}, {digest:.12})",
        hint="make the picture again where it was made: photos and masks never travel with pictures",
    ),
    "again_lacks_picture": Message(
        say="the picture does not tell of any call that made it ({digest:.12})",
        hint="it was only opened, or its text was changed; there is nothing to make again",
    ),
    "again_nobody": Message(
        say="the picture asks `{name}` for `{endpoint}`, and nobody here is called so",
        hint="say who answers instead: `--provider local` or `--provider fal`",
    ),
    "again_unknown": Message(
        say="the picture asks for `{endpoint}`, which is described nowhere here",
        hint="add it with `nano-banana catalog add {endpoint}` if you trust where the picture comes from",
    ),
    "again_unfit": Message(
        say="the picture asks `{endpoint}` with a `{field}` that it does not take ({reason})",
        hint="the text in the picture was changed, or the endpoint was; nothing is sent",
    ),
    "again_unasked": Message(
        say="the picture asks for what costs {price} (calls to be paid for: {count}), and nobody said yes",
        hint="look at them with `--plan`; `--yes` makes them",
    ),
    "again_other_suffix": Message(
        say="`{path}` is not how a file of this picture's format is called",
        hint="let the name end in `{suffix}`",
    ),
    "account_newer": Message(
        say="the picture was marked by a newer nano-banana (version {version} of its marks; this one knows {known})",
        hint="update nano-banana",
    ),
}


WATERMARK_MESSAGES: Mapping[str, Message] = {
    "marks_missing": Message(
        say="invisible marks can't be written or read here: {missing} is not installed",
        hint=f"`{install_command('marks')}`, then `nano-banana setup`",
    ),
    "mark_not_held": Message(
        say="this picture does not hold an invisible mark: only {agree} of 32 bits could be read again",
        hint="it may be empty or almost black; leave it out of the mark stage",
    ),
    "mark_not_last": Message(
        say="stage `{stage}` changes pictures that `{mark}` has marked already, which weakens the mark",
        hint="put the mark stage last",
    ),
    "no_such_kind": Message(say="`{name}` is nothing that can be looked for", hint="these are: {known}"),
    "mark_id_odd": Message(say="`{given}` is no mark's id", hint="8 hex digits, such as c0ffee42"),
    "trust_unreadable": Message(
        say="can't read certificates from {file}: {why}", hint="name a file of PEM certificates"
    ),
    "no_pictures_there": Message(say="there are no pictures in {folder}", hint="name pictures, or a folder of some"),
}


_CERTIFICATE_HINT = "`nano-banana config make-certificate` makes one"

C2PA_MESSAGES: Mapping[str, Message] = {
    "c2pa_extra": Message(
        "content credentials need packages that are not installed: {missing}",
        f"`{install_command('c2pa')}`",
    ),
    "c2pa_file_missing": Message(
        "content credentials are asked for, and {file} (the setting `{setting}`) is not there",
        f"{_CERTIFICATE_HINT}; one of your own: `nano-banana config set {{setting}} FILE`",
    ),
    "c2pa_file_unreadable": Message("can't read {file}: {why}"),
    "c2pa_not_a_certificate": Message(
        "{file} is not a certificate", "it must be PEM text: the signer's certificate first, then those above it"
    ),
    "c2pa_not_a_key": Message("{file} is not a private key", "it must be PEM text, PKCS #8 at best"),
    "c2pa_key_locked": Message(
        "the key in {file} is locked with a password", "keep a copy without one where nobody else can read it"
    ),
    "c2pa_key_kind": Message(
        "content credentials can't be signed with the kind of key that is in {file}",
        "use an elliptic curve (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more",
    ),
    "c2pa_key_of_another": Message(
        "the key in {key} is not that of the certificate in {file}",
        "where the file holds several certificates, the signer's own comes first",
    ),
    "c2pa_expired": Message(
        "the certificate in {file} expired on {when}", f"{_CERTIFICATE_HINT}, with --force over the old one"
    ),
    "c2pa_not_yet": Message("the certificate in {file} is not valid before {when}", "is the clock right?"),
    "c2pa_unfit": Message(
        "the certificate in {file} is not made for content credentials: it lacks {lacks}",
        f"ask for one that has these, or {_CERTIFICATE_HINT}",
    ),
    "c2pa_taken": Message(
        "{file} is there already, and is not replaced", "--force replaces it; pictures signed with it stay valid"
    ),
    "c2pa_organisation": Message("`{given}` can't be a signer's name", "1 to 64 printable characters"),
    "c2pa_not_signed": Message("this picture could not be given content credentials: {why}"),
    "c2pa_file_broken": Message("can't look for content credentials in {file}: {why}"),
}
