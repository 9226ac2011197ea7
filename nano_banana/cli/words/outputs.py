"""The words for what becomes of finished pictures."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "export_nowhere": Wording(
        "nothing says where the copies go", "add `to: delivered/`, a folder, or `zip: delivered.zip`"
    ),
    "export_remote": Wording(
        "`{path}` is no folder of this machine",
        "copy to a folder here, and send that on with the tools of the other side",
    ),
    "target_in_store": Wording(
        "`{path}` lies in the store, which only the program writes to", "name a place outside of it"
    ),
    "target_too_long": Wording("`{path}` has a name of more than 255 bytes", "use a shorter one"),
    "export_in_out": Wording(
        "`{path}` is where this recipe's own pictures lie", "copy to a folder beside: `to: delivered/`"
    ),
    "git_sees_faces": Wording(
        "git would commit the pictures in {paths}: they show faces, and nothing ignores them",
        "add a line for each to .gitignore",
    ),
    "export_not_folder": Wording("`{path}` is a file, not a folder", "name a folder; it is made where it is not there"),
    "export_zip_folder": Wording("`{path}` is a folder", "name the file: `zip: delivered.zip`"),
    "export_no_zip": Wording("`{path}` does not end in `.zip`", "call it `{path}.zip`"),
    "export_quality_of_what": Wording(
        "`quality` is for copies in a format that loses some of the picture", "add `format: jpeg` or `format: webp`"
    ),
    "export_crop_and_longest": Wording(
        "`crop` gives both sides of the copies, and `longest_side` one of them", "leave one of the two out"
    ),
    "export_crop_unknown": Wording(
        "`{crop}` is no size that copies can be cut to", "write `WIDTHxHEIGHT` in pixels, or one of: {known}"
    ),
    "export_no_name": Wording(
        "the copy of {take} would have no name{more:more}", "use names of the take, such as `{{{{ take }}}}`"
    ),
    "export_outside": Wording(
        "the copy of {take} would be called `{name}`, which leads out of its folder or nowhere{more:more}",
        "a name begins with no slash, and has no empty part, no `.` and no `..`",
    ),
    "export_unsafe": Wording(
        "the copy of {take} would be called `{name}`, which not every system can store{more:more}",
        'leave out `< > : " | ? * \\`, what is invisible, blanks and dots at the ends, and names such as `con`',
    ),
    "export_too_long": Wording(
        "the copy of {take} would have a name of more than 250 bytes{more:more}",
        "use keys: `{{{{ scene.key }}}}`, not the text",
    ),
    "export_same_name": Wording(
        "the copies of {take} and {other} would both be called `{name}`{more:more}",
        "add what tells them apart: an axis, `{{{{ seed }}}}`, `{{{{ subject.name }}}}`, `{{{{ stage }}}}`, "
        "`{{{{ way }}}}` or `{{{{ verdict }}}}`",
    ),
    "export_not_in_shot": Wording(
        "takes of shot `{shot}` have no `{name}`, which the name of the copies uses",
        "say what to write for them: `{{% if {name} is defined %}}…{{% endif %}}`, "
        "or `{{{{ {name} | default('none') }}}}`",
    ),
    "name_taken": Wording(
        "`{other}` has the same `name`, and its picture of {take} in `{folder}` would be overwritten{count:more}",
        "give this recipe a name of its own, or another folder: `--out`",
    ),
    "disk_nearly_full": Wording(
        "`{folder}` has {free:size} free, and what would be made needs {needed:size} or more",
        "free some space first, or name a store on another disk (`--store`): what is paid for has to be kept",
    ),
    "prune_part": Wording(
        "`--prune` needs a whole run: with `--only` or `--sample` nothing is handed out",
        "run it once without them",
    ),
}
