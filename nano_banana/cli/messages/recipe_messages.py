"""What can be wrong with a recipe: keys, names, shots, stages, people."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

MESSAGES: Mapping[str, Message] = {
    # keys and values
    "unknown_key": Message("unknown key `{name}` in {owner}", "known keys: {known}"),
    "unknown_verb": Message("unknown key `{name}` in {owner}", "stage kinds: {known}"),
    "no_verb": Message("{owner} has no stage kind", "add one of: {names}"),
    "stage_problem": Message("{text}", "{advice}"),
    "stage_kind_broken": Message(
        "can't use the stage kind `{verb}`: {entry_point}: {why}", "update or uninstall the package that offers it"
    ),
    "stage_kind_failed": Message(
        "the code of the stage kind `{verb}` failed: {why}", "report this to the authors of the package that offers it"
    ),
    "two_verbs": Message("{owner} has two stage kinds: `{first}` and `{second}`", "split it into two stages"),
    "bad_name": Message(
        "invalid name `{name}`", "use 1 to 64 letters, digits, `_` and `-`; start with a letter or digit"
    ),
    "bad_axis": Message(
        "invalid axis name `{name}`",
        "use 1 to 64 letters, digits and `_`, starting with a letter; templates write it as `{{{{ scene }}}}`",
    ),
    "bad_place": Message(
        "invalid place name `{name}`",
        "use 1 to 64 letters, digits and `_`, starting with a letter; templates write `{{{{ cast.left.noun }}}}`",
    ),
    "not_one_word": Message("{name} must be one word, not `{value}`", "remove the spaces"),
    "key_needs": Message("`{name}` in {owner} needs `{needs}`", "add `{needs}`, or remove `{name}`"),
    "missing_key": Message("missing key `{name}` in {owner}", "{about}"),
    "wrong_type": Message("{name} should be {expected}, not {found}", "{about}"),
    "not_quoted": Message("{name} should be {expected}, not {found}", 'put quotes around it: "{value}"'),
    "format_version": Message(
        "unsupported format version `{value}` (this program reads version {known})",
        "start the recipe with `nano_banana: {known}`",
    ),
    "not_a_choice": Message("invalid value `{value}` for {name}", "choose from: {choices}"),
    "bad_value": Message("invalid value `{value}` for {name}", "limit: {limit}"),
    "below_minimum": Message("{name} is {value}, but must be at least {limit}", "{about}"),
    "not_above": Message("{name} is {value}, but must be more than {limit}", "{about}"),
    "above_maximum": Message("{name} is {value}, but must be at most {limit}", "{about}"),
    "not_multiple": Message("{name} is {value}, but must be a multiple of {limit}", "{about}"),
    "too_few": Message("{name} has too few entries", "at least {limit}"),
    "too_many": Message("{name} has too many entries", "at most {limit}"),
    "nothing_in_it": Message("{name} is empty", "add an entry, or remove it"),
    "too_long": Message("{name} is too long", "at most {limit} characters"),
    "unknown_reference": Message("unknown {what} `{name}`", "available: {known}"),
    "reserved_name": Message("the name `{name}` is reserved in templates", "choose another name"),
    "named_all": Message("the name `all` is reserved", "in a recipe, `all` means every entry"),
    "same_name": Message("an axis and a variable are both called `{name}`", "rename one of them"),
    "repeated_value": Message("duplicate value `{value}`", "remove one of them"),
    # photos
    "same_trigger": Message("`{name}` and `{other}` have the same trigger `{trigger}`", "give each person their own"),
    "photos_zipped": Message("`{path}` is a zip file", "unpack it, and give the folder"),
    "photo_missing": Message("photo or folder `{path}` not found", "paths are relative to the recipe's folder"),
    "no_photos": Message(
        "`{path}` contains no photos",
        "supported: JPEG, PNG, WebP, TIFF, AVIF, HEIC and similar; export other formats",
    ),
    "photos_left_out": Message(
        "photos in `{path}` are skipped, because their format isn't supported: {names}",
        f"export RAW photos as JPEG; for HEIC support: `{install_command('heic')}`",
    ),
    "photos_copies": Message(
        "HEIC photos in `{path}` are skipped, because another photo has the same name: {names}",
        "if they are different photos, rename one of the two",
    ),
    "photos_deeper": Message(
        "subfolders of `{path}` contain photos, which are skipped: {names}",
        "list the subfolders too, or use `{path}/**/*.jpg`",
    ),
    "captions_left_out": Message(
        "captions in `{path}` are not used: {names}",
        "the caption of `a.jpg` is `a.txt` next to it; rename or remove the others",
    ),
    "photos_not_fetched": Message(
        "the content of {count} photos in `{path}` is missing: {names}",
        "fetch it (`git annex get`, `dvc pull`, `git lfs pull`), or remove the files",
    ),
    "photo_unreadable": Message("can't read the picture `{path}`: {why}"),
    "not_a_picture": Message("`{path}` is not a supported picture", "remove it, or save it as JPEG or PNG"),
    "hold_out_all": Message(
        "all {photos} photos are held out, which leaves none for training", "hold out fewer, or add photos"
    ),
    "few_left": Message(
        "only {left} photos are left for training; with fewer than {few}, an adapter learns the photos, not the person",
        "hold out fewer, or add photos",
    ),
    "hold_out_none": Message("no photo matches `{name}`", "use file names from `photos`, or a glob"),
    "no_such_file": Message("file `{path}` not found", "paths are relative to the recipe's folder"),
    "name_not_utf8": Message(
        "the file name `{path}` is not UTF-8, so a recipe can't contain it", "rename the file, or give its folder"
    ),
    # shots and casts
    "unknown_axis": Message("unknown axis `{name}`", "known axes: {known}; or list the values here"),
    "not_in_matrix": Message("this shot has no axis `{name}`", "available: {known}"),
    "not_in_shot": Message(
        "shot `{shot}` has no axis `{name}`, but its template uses it", "add `{name}` to the shot's `matrix`"
    ),
    "nobody_in_shot": Message(
        "shot `{shot}` has no `cast`, but its template uses `subject`",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "several_in_shot": Message(
        "shot `{shot}` shows several people, but its template uses `subject`, which is one person",
        "say which one: `{{{{ cast.{place_name}.noun }}}}`",
    ),
    "one_in_shot": Message(
        "shot `{shot}` shows one person at a time, but its template uses the places of a `cast`",
        "write `{{{{ subject.noun }}}}`, or put several people into the picture: `cast: {{left: ana, right: ben}}`",
    ),
    "cast_alone": Message("`{name}` is the only place in the picture", "for one person write `cast: {who}`"),
    "cast_mixed": Message(
        "`each` means one person per picture, but `{name}` is a place in a picture of several people",
        "write one or the other",
    ),
    "cast_twice": Message("`{name}` is in the picture twice", "give each place a different person"),
    "identity_of_nobody": Message(
        "`identity: {identity}` needs people, but this shot has no `cast`",
        "say who is in the picture (`cast: {somebody}`), or remove `identity`",
    ),
    "by_face_alone": Message(
        "`by_face` is for several people in one picture, but shot `{shot}` shows one at a time",
        "remove `identity`, or write `cast: {{left: ana, right: ben}}`",
    ),
    "by_face_unplaced": Message(
        "stage `{stage}` draws unknown faces for shot `{shot}`, and no stage replaces them",
        "add a stage `inpaint: {stage}.{shot}` with `mask: {{find: face, assign: cast}}`",
    ),
    "several_by_adapter": Message(
        "stage `{stage}` would mix the faces of {people} in shot `{shot}`: it uses all their adapters in one picture",
        "use `identity: by_face` or `identity: reference`; for one person per picture, `cast: {{each: [{people}]}}`",
    ),
    "whose_adapter": Message(
        "shot `{shot}` shows several people, so it's unclear whose adapter of `{adapter}` to use for this region",
        "`mask: {{find: face, assign: cast}}` repaints each face with that person's adapter",
    ),
    "assign_alone": Message(
        "`assign: cast` is for several people in one picture, but shot `{shot}` shows one at a time",
        "remove `assign`",
    ),
    "assign_not_faces": Message("`assign: cast` works on faces, not on `{part}`", "write `find: face`"),
    "assign_in_repair": Message("`assign` is not needed in a repair", "remove it"),
    "repair_of_several": Message(
        "shot `{shot}` shows several people, but this repair repaints one region for all of them",
        "write `mask: {{find: face}}`",
    ),
    "takes_no_references": Message(
        "shot `{shot}` needs reference photos, but `{endpoint}` takes no pictures",
        "use an endpoint that edits pictures, such as `fal-ai/nano-banana-pro/edit`",
    ),
    "too_many_references": Message(
        "shot `{shot}` would send {found} pictures to `{endpoint}`, which takes at most {most}",
        "list fewer `references`, or remove some of the stage's `images`",
    ),
    "no_references": Message(
        "shot `{shot}` needs reference photos, but `{subject}` has none",
        "add `references: photos/{subject}` or a training set to the subject",
    ),
    "too_many_takes": Message(
        "shot `{shot}` has {count:,} takes, but at most {most:,} are allowed",
        "use fewer values, or split it into several shots",
    ),
    "empty_matrix": Message("shot `{shot}` is empty: every combination is excluded"),
    "shot_not_in_stage": Message("stage `{stage}` has no takes of shot `{shot}`", "it has: {known}"),
    "shot_opened": Message(
        "shot `{shot}` has `pictures`, so there is nothing to generate", "write `open` instead of `generate`"
    ),
    "shot_drawn": Message(
        "shot `{shot}` has no `pictures` to open", "add `pictures`, or write `generate` instead of `open`"
    ),
    "no_prompt": Message(
        "stage `{stage}` repaints shot `{shot}` without a prompt",
        "add `prompt` to the stage, or `template` to the shot",
    ),
    "shot_unused": Message(
        "no stage uses the shot `{name}`", "name it in a `generate` stage, or in an `open` stage if it has `pictures`"
    ),
    # adapters
    "unknown_adapter": Message("unknown adapter `{name}`", "train stages and entries of `adapters`: {known}"),
    "adapter_twice": Message("`{name}` is both a train stage and an entry of `adapters`", "rename one of them"),
    "no_cast": Message(
        "shot `{shot}` has no `cast`, so it's unclear whose adapter of `{adapter}` to use",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "takes_no_adapters": Message(
        "`{endpoint}` takes no adapters", "use an endpoint for LoRAs, such as `fal-ai/flux-lora`"
    ),
    "too_many_adapters": Message("`{endpoint}` takes at most {most} adapters, not {found}"),
    "adapter_base": Message(
        "the adapter `{name}` is for {base} models, but `{endpoint}` needs {needs}",
        "train it with a trainer for that model family, or use another endpoint",
    ),
    "not_trained": Message(
        "shot `{shot}` uses `{stage}`, which doesn't train `{subject}`", "add `{subject}` to the stage's `train`"
    ),
    "no_training_set": Message(
        "`{subject}` has no training set", "add `training_set: photos/{subject}` to the subject"
    ),
    "adapter_unused": Message(
        "no stage uses the adapters that `{name}` trains",
        "add `adapters: {{{name}: 1.0}}` to a stage that generates, or remove the training",
    ),
    "no_trigger": Message(
        "stage `{stage}` uses a subject's adapter for shot `{shot}`, but the prompt lacks the trigger",
        "start the prompt with `{{{{ subject.trigger }}}} {{{{ subject.noun }}}}`",
    ),
    "trigger_unlearned": Message(
        "shot `{shot}` uses no adapters (`identity: {identity}`), so the trigger in its template means nothing",
        "remove the trigger and keep the `noun`",
    ),
    # stages
    "repeated_id": Message("two stages have the id `{id}`"),
    "no_stages": Message("the recipe has no `stages`", "add the stages that make the pictures"),
    "cycle": Message("stages depend on each other in a cycle: {circle}"),
    "too_many_ways": Message("more than {most} paths lead to stage `{stage}`", "reduce branching between stages"),
    "same_but_case": Message(
        "`{name}` and `{other}` differ only in upper and lower case",
        "many computers would give their pictures the same file; rename one",
    ),
    "mask_shapes": Message("a mask needs exactly one shape, but this has {found}", "shapes: {shapes}"),
    "mask_inside_out": Message("the corners of the {shape} are swapped", "`[x0, y0, x1, y1]` with x0 < x1 and y0 < y1"),
    "template_unused": Message("no shot or stage uses the template `{name}`"),
    # gates and choices
    "judges_nothing": Message("stage `{stage}` is not a gate, so it has no `{ruling}` takes", "use a `gate` stage"),
    "judges_nobody": Message(
        "stage `{stage}` judges faces, but shot `{shot}` has no `cast`",
        "remove the shot, or say who is in the picture: `cast: {somebody}`",
    ),
    "nothing_to_compare": Message(
        "stage `{stage}` has no photos of `{subject}` to compare with",
        "add `training_set: photos/{subject}` or `references` to the subject",
    ),
    "unsure_above": Message("`unsure` ({unsure}) must be below `accept` ({accept})", "choose a lower value"),
    "at_most_below": Message("`at_most` ({at_most}) is below `at_least` ({at_least})", "raise `at_most`, or remove it"),
    "skip_unknown_axis": Message("no shot in this stage has an axis `{name}`", "available: {known}"),
    "skip_unknown_field": Message("no value of the axis `{axis}` has a field `{name}`", "available: {known}"),
    "skips_nothing": Message("`skip` never applies: no `{name}` is `{value}`, so every take is judged"),
    "retry_seedless": Message(
        "`{endpoint}` in stage `{stage}` takes no seed, so every retry would give the same picture", "remove `retry`"
    ),
    "retry_opened": Message(
        "no stage before the gate `{stage}` generates, so retries can't change the picture", "remove `retry`"
    ),
    "ladder_twice": Message("`{field}` is already on the ladder", "remove it here"),
    "only_with": Message("`{key}` has no effect without `{needs}`", "add `{needs}`, or remove `{key}`"),
    "choice_unjudged": Message(
        "`{stage}` chooses among unjudged takes, so it takes the first ones",
        "choose from a gate: `choose: judged.accepted`",
    ),
    "picks_yml": Message("`picks.yml` is not read", "rename it to `picks.yaml`"),
    "picks_not_mapping": Message("this file should be a mapping that starts with `picks:`"),
    "kept_and_dropped": Message("`{name}` is in both `keep` and `drop`", "remove it from one of them"),
    "stray_pick": Message("`picks.yaml`: stage `{stage}` has no take `{name}`"),
    "no_gate": Message("the recipe has no gate", "add a stage `gate: …` to `stages`"),
    # endpoints
    "unknown_endpoint": Message(
        "unknown endpoint `{name}`",
        "describe it in `endpoints/*.yaml`, or use a `call` stage, which accepts any endpoint",
    ),
    "endpoint_uncatalogued": Message(
        "unknown endpoint `{name}`: its fields are sent unchecked",
        "describe it in `endpoints/*.yaml`; the local provider only knows described endpoints",
    ),
    "endpoint_unfit": Message("`{endpoint}` can't be used for `{verb}`: it is for {does}", "suitable endpoints: {fit}"),
    "images_missing": Message("`{endpoint}` needs a picture", "add `images: path/to/picture.jpg` to the stage"),
    "takes_no_images": Message("`{endpoint}` takes no `images`", "remove them"),
    "takes_one_image": Message("`{endpoint}` takes one picture, not {found}", "keep one of `images`"),
    "no_such_input": Message(
        "`{endpoint}` has no field `{field}` for a picture",
        "name the field that takes it; `image_urls/0` is the first of a list",
    ),
    "no_steps": Message("`{endpoint}` has no setting for steps", "remove `steps`"),
    "steps_twice": Message("`steps` and `{field}` are both set", "remove one of them"),
    "steps_crossed": Message("the least number of steps ({low}) is above the most ({high})"),
    "seedless": Message(
        "`{endpoint}` takes no seed, so the {count} seeds of shot `{shot}` would give one picture",
        "give the shot one seed",
    ),
    # what a plan or a selection finds
    "only_nothing": Message(
        "`{glob}` matches no shot, stage or take",
        "a glob with a slash selects takes, one without selects shots or stages: {known}",
    ),
    "no_result": Message("`{endpoint}` returned no file ({expected} expected)"),
    "faces_miscounted": Message(
        "{tries} pictures were made for {wanted} people, and none shows that many (last: {found})",
        "write in the prompt how many people there are and where they stand, or raise the stage's `redraws`",
    ),
    "choice_of_few": Message(
        "choosing among the {takes} selected takes only; a full run may pick others",
        "a full run reuses what is made here",
    ),
    "no_such_take": Message("no take or picture called `{name}`", "`nano-banana plan --json` lists them"),
    # people, and `new`
    "no_consent": Message(
        "no consent recorded for `{name}`",
        "ask, then record it: `consent: {{given_by: …, on: 2026-01-31, uses: [website]}}`",
    ),
    "half_a_consent": Message("the consent of `{name}` lacks {lacks}", "add `{lacks}` to `consent`"),
    "consent_of_nobody": Message("who gave consent is missing", "add `--consent-by NAME`"),
    "consent_no_day": Message("invalid consent date `{day}` for `{name}`", "write it as 2026-01-31"),
    "consent_to_come": Message(
        "the consent date `{day}` of `{name}` is in the future", "write the date on which consent was given"
    ),
    "not_a_day": Message("`{day}` is not a date", "write it as YYYY-MM-DD, such as 2026-01-31"),
    "new_needs_flags": Message(
        "not a terminal, so nothing can be asked",
        "pass at least `{flag}`; `nano-banana new --help` lists an option for every question",
    ),
    "trigger_of_several": Message(
        "`--trigger` is for one person, but there are several: {people}",
        "omit it, or add a column `trigger` to the `--people` table",
    ),
    "trigger_not_a_word": Message("`{trigger}` is not one word", "a trigger has no spaces, such as `anqz7`"),
    "person_twice": Message("two people are called `{name}`", "give each person a different name"),
    "no_folder_of_person": Message("no folder for `{name}` in {folder}", "each person needs a folder with their name"),
    "people_unreadable": Message("can't read the table {file}: {why}", "save it as CSV in UTF-8"),
    "people_columns": Message("{file} has unknown columns for a table of people", "available: {known}"),
    "recipe_unreadable": Message("can't read {file}: {why}"),
    "recipe_without_subjects": Message("{file} has no `subjects` section", "add the person by hand"),
    "no_such_template": Message("no pack has a template {name}", "`nano-banana packs list` shows all packs"),
    # reasons of a gate
    "too_far": Message("too far"),
    "no_face": Message("no face"),
    "extra_face": Message("extra face", "{found} found, {wanted} expected"),
    "missing_face": Message("missing face", "{found} found, {wanted} expected"),
    "copy_of_training_photo": Message(
        "copy of a training photo", "likeness {similarity:.2f}, {distance} of 64 bits differ"
    ),
    "face_too_small": Message("face too small", "{face_px:.0f} px wide, needs {least:.0f}"),
    "face_blurred": Message("face blurred", "sharpness {sharpness:.1f}, needs {least:.0f}"),
}
