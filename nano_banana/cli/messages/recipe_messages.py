"""What can be wrong with a recipe: keys, names, shots, stages, people."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

RECIPE_MESSAGES: Mapping[str, Message] = {
    "unknown_key": Message("unknown key `{name}` in {owner}", "known keys: {known}"),
    "unknown_verb": Message("unknown key `{name}` in {owner}", "what a stage can do: {known}"),
    "no_verb": Message("{owner} says nothing of what it does", "give it one of: {names}"),
    "two_verbs": Message(
        "a stage does one thing, and {owner} does two: `{first}` and `{second}`", "make two stages of it"
    ),
    "bad_name": Message(
        "`{name}` can't be a name", "letters, digits, `_` and `-`, at most 64, beginning with a letter or digit"
    ),
    "bad_axis": Message(
        "`{name}` can't be the name of an axis",
        "letters, digits and `_`, at most 64, beginning with a letter: templates write it as `{{{{ scene }}}}`",
    ),
    "bad_place": Message(
        "`{name}` can't be the name of a place in a picture",
        "letters, digits and `_`, at most 64, beginning with a letter: templates write `{{{{ cast.left.noun }}}}`",
    ),
    "not_one_word": Message("{name} should be one word, and `{value}` is not", "leave the blanks out"),
    "key_needs": Message(
        "`{name}` in {owner} needs `{needs}`, which is not there", "add `{needs}`, or leave `{name}` out"
    ),
    "missing_key": Message("`{name}` is missing in {owner}", "{about}"),
    "wrong_type": Message("{name} should be {expected}, not {found}", "{about}"),
    "not_quoted": Message("{name} should be {expected}, not {found}", 'put quotes around it: "{value}"'),
    "format_version": Message(
        "this program reads version {known} of the format, not `{value}`",
        "begin the recipe with `nano_banana: {known}`",
    ),
    "not_a_choice": Message("`{value}` is no choice for {name}", "choices: {choices}"),
    "bad_value": Message("`{value}` is no good value for {name}", "limit: {limit}"),
    "below_minimum": Message("{name} is {value}, and the least is {limit}", "{about}"),
    "not_above": Message("{name} is {value}, and must be more than {limit}", "{about}"),
    "above_maximum": Message("{name} is {value}, and the most is {limit}", "{about}"),
    "too_few": Message("{name} has too few entries", "at least {limit}"),
    "too_many": Message("{name} has too many entries", "at most {limit}"),
    "nothing_in_it": Message("{name} is empty", "leave it out, or put something into it"),
    "too_long": Message("{name} is too long", "at most {limit} characters"),
    "unknown_reference": Message("there is no {what} `{name}`", "known: {known}"),
    "same_trigger": Message(
        "`{name}` has the trigger `{trigger}` of `{other}`", "give each person a trigger of their own"
    ),
    "photos_zipped": Message("`{path}` is a zip", "unpack it, and name the folder"),
    "photo_missing": Message("there is no photo or folder `{path}`", "paths count from the recipe's folder"),
    "no_photos": Message(
        "`{path}` holds no photos",
        "JPEG, PNG, WebP, TIFF, AVIF, HEIC and the like are looked for; export others",
    ),
    "photos_left_out": Message(
        "photos in `{path}` are left out, because their format can't be read: {names}",
        f"export RAW photos as JPEG; to read HEIC: `{install_command('heic')}`",
    ),
    "photos_copies": Message(
        "HEIC photos in `{path}` are left out, because another photo there has the same name: {names}",
        "if they are different photos, give one of the two another name",
    ),
    "photos_deeper": Message(
        "`{path}` has folders with photos, and those are left out: {names}", "name them too, or use `{path}/**/*.jpg`"
    ),
    "captions_left_out": Message(
        "captions in `{path}` are not used: {names}",
        "the caption of `a.jpg` is `a.txt` beside it; rename or remove the others",
    ),
    "photos_not_fetched": Message(
        "{count} of the photos in `{path}` are named there, but their content is missing: {names}",
        "fetch them (`git annex get`, `dvc pull`, `git lfs pull`), or remove what is left of them",
    ),
    "photo_unreadable": Message("the picture `{path}` can't be read: {why}"),
    "not_a_picture": Message("`{path}` is not a picture that can be read", "remove it, or save it as JPEG or PNG"),
    "hold_out_all": Message(
        "all of the {photos} photos are held out, and none is left to train", "hold out fewer, or add photos"
    ),
    "few_left": Message(
        "photos that are left to train: {left}; from fewer than {few} an adapter learns the photos, not the person",
        "hold out fewer, or add photos",
    ),
    "hold_out_none": Message(
        "none of the photos is called `{name}`", "name photos of `photos` by their file names, or by a glob"
    ),
    "no_such_file": Message("there is no file `{path}`", "paths count from the recipe's folder"),
    "reserved_name": Message("`{name}` would hide what templates call `{name}` anyway", "call it something else"),
    "named_all": Message("nothing can be called `all`", "recipes write `all` for everything there is"),
    "same_name": Message("the axis `{name}` has the name of a variable", "templates could not tell them apart"),
    "repeated_value": Message("`{value}` is there twice", "take one of them out"),
    "unknown_axis": Message(
        "there is no axis `{name}` whose values `all` could be", "known axes: {known}; or list the values here"
    ),
    "not_in_matrix": Message("this shot has no axis `{name}`", "known: {known}"),
    "not_in_shot": Message(
        "shot `{shot}` has no axis `{name}`, which its template uses", "add `{name}` to the shot's `matrix`"
    ),
    "nobody_in_shot": Message(
        "shot `{shot}` has no `cast`, and its template speaks of the subject",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "several_in_shot": Message(
        "shot `{shot}` shows several people, and its template speaks of one `subject`",
        "say which of them: `{{{{ cast.{place_name}.noun }}}}`",
    ),
    "one_in_shot": Message(
        "shot `{shot}` shows one person at a time, and its template speaks of places in a `cast`",
        "write `{{{{ subject.noun }}}}`, or put several into the picture: `cast: {{left: ana, right: ben}}`",
    ),
    "cast_alone": Message("`{name}` is the only place in the picture", "for one person write `cast: {who}`"),
    "cast_mixed": Message(
        "`each` is one person a picture, and `{name}` a place in a picture of several", "write one or the other"
    ),
    "cast_twice": Message("`{name}` is in the picture twice", "give each place to somebody else"),
    "identity_of_nobody": Message(
        "`identity: {identity}` needs people, and this shot has no `cast`",
        "say who is in the picture, `cast: {somebody}`, or leave `identity` out",
    ),
    "by_face_alone": Message(
        "`by_face` is for several people in one picture, and shot `{shot}` has one at a time",
        "leave `identity` out, or write `cast: {{left: ana, right: ben}}`",
    ),
    "by_face_unplaced": Message(
        "stage `{stage}` draws strangers for shot `{shot}`, and nothing gives them their faces",
        "add a stage `inpaint: {stage}.{shot}` with `mask: {{find: face, assign: cast}}`",
    ),
    "several_by_adapter": Message(
        "stage `{stage}` would draw shot `{shot}` with the adapters of {people} at once, and give each the face of all",
        "say `identity: by_face` or `identity: reference`; for one person a picture, `cast: {{each: [{people}]}}`",
    ),
    "whose_adapter": Message(
        "shot `{shot}` shows several people, and nothing says whose adapter of `{adapter}` paints this region",
        "write `mask: {{find: face, assign: cast}}`, which paints each face with its own",
    ),
    "assign_alone": Message(
        "`assign: cast` is for several people in one picture, and shot `{shot}` has one at a time",
        "leave `assign` out",
    ),
    "assign_not_faces": Message("`assign: cast` is for faces, not for `{part}`", "write `find: face`"),
    "assign_in_repair": Message("a repair knows by itself whose face it paints", "leave `assign` out"),
    "repair_of_several": Message(
        "shot `{shot}` shows several people, and this repair paints one region for all", "write `mask: {{find: face}}`"
    ),
    "takes_no_references": Message(
        "shot `{shot}` is drawn from photos of its people, and `{endpoint}` takes no pictures",
        "use an endpoint that edits pictures, such as `fal-ai/nano-banana-pro/edit`",
    ),
    "too_many_references": Message(
        "shot `{shot}` would send {found} pictures to `{endpoint}`, which takes {most}",
        "name fewer `references`, or leave out some of the stage's `images`",
    ),
    "no_references": Message(
        "shot `{shot}` is drawn from photos of `{subject}`, who has none",
        "add `references: photos/{subject}` or a training set to the subject",
    ),
    "too_many_takes": Message(
        "shot `{shot}` would be {count:,} takes",
        "at most {most:,} are planned; take fewer values, or make several shots",
    ),
    "empty_matrix": Message("nothing is left of shot `{shot}`: every combination is excluded"),
    "unknown_adapter": Message("there is no adapter `{name}`", "train stages and entries of `adapters`: {known}"),
    "adapter_twice": Message("`{name}` is a train stage and an entry of `adapters`", "give one of them another name"),
    "no_cast": Message(
        "shot `{shot}` has no `cast`, which says whose adapter of `{adapter}` to draw with",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "shot_not_in_stage": Message("stage `{stage}` has no takes of shot `{shot}`", "it has: {known}"),
    "too_many_ways": Message("more than {most} ways lead to stage `{stage}`", "let fewer stages fork and meet again"),
    "same_but_case": Message(
        "`{name}` and `{other}` differ in case alone", "their pictures would be one file on many computers; rename one"
    ),
    "judges_nothing": Message(
        "stage `{stage}` judges nothing, so that none of its takes is `{ruling}`", "name a `gate`"
    ),
    "judges_nobody": Message(
        "stage `{stage}` judges whose face it is, and nobody is cast in shot `{shot}`",
        "leave the shot out, or say who is in the picture: `cast: {somebody}`",
    ),
    "nothing_to_compare": Message(
        "stage `{stage}` has no photos of `{subject}` to compare with",
        "add `training_set: photos/{subject}` or `references` to the subject",
    ),
    "unsure_above": Message(
        "`unsure` begins at {unsure}, which is above {accept}, from where on everything is accepted",
        "choose a lower one",
    ),
    "at_most_below": Message(
        "the threshold is at most {at_most} and at least {at_least}, which can't be", "raise `at_most`, or leave it out"
    ),
    "skip_unknown_axis": Message("no shot that comes here has an axis `{name}`", "known: {known}"),
    "skip_unknown_field": Message("no value of the axis `{axis}` has a field `{name}`", "known: {known}"),
    "skips_nothing": Message("`{name}` is never `{value}`, so that every take is judged"),
    "retry_seedless": Message(
        "stage `{stage}` draws with `{endpoint}`, which takes no seed: every retry would be the same picture",
        "leave `retry` out",
    ),
    "ladder_twice": Message("`{field}` is on the ladder already", "leave it out here"),
    "only_with": Message("`{key}` means nothing without `{needs}`", "add `{needs}`, or leave `{key}` out"),
    "choice_unjudged": Message(
        "no gate judges the takes that `{stage}` chooses from, so that the best are simply the first",
        "choose from a gate: `choose: judged.accepted`",
    ),
    "picks_yml": Message("`picks.yml` is not read", "rename it to `picks.yaml`"),
    "picks_not_mapping": Message("this file should be a mapping that begins with `picks:`"),
    "kept_and_dropped": Message("`{name}` is kept and dropped", "take it out of one of the lists"),
    "repeated_id": Message("two stages have the id `{id}`"),
    "no_training_set": Message(
        "`{subject}` has no training set to train from", "add `training_set: photos/{subject}` to the subject"
    ),
    "mask_shapes": Message("a mask needs exactly one shape, and this has {found}", "shapes: {shapes}"),
    "mask_inside_out": Message("the {shape} is inside out", "`[x0, y0, x1, y1]` with x0 < x1 and y0 < y1"),
    "cycle": Message("stages wait for each other in a circle: {circle}"),
    "unknown_endpoint": Message(
        "the catalog has no endpoint `{name}`",
        "describe it in `endpoints/*.yaml`, or use the `call` stage, which sends anything",
    ),
    "endpoint_uncatalogued": Message(
        "the catalog has no endpoint `{name}`; its fields are sent unchecked",
        "describe it in `endpoints/*.yaml`: the local provider answers only what is described",
    ),
    "endpoint_unfit": Message(
        "`{endpoint}` can't do the work of `{verb}`: it is for {does}", "endpoints that can: {fit}"
    ),
    "images_missing": Message("`{endpoint}` starts from a picture", "add `images: path/to/picture.jpg` to the stage"),
    "takes_no_images": Message("`{endpoint}` starts from nothing and takes no `images`", "leave them out"),
    "takes_one_image": Message("`{endpoint}` takes one picture, and this has {found}", "leave one of `images`"),
    "no_such_input": Message(
        "`{endpoint}` has no field `{field}` for a picture",
        "say which field takes it; `image_urls/0` is the first of a list",
    ),
    "takes_no_adapters": Message(
        "`{endpoint}` takes no adapters", "use an endpoint for LoRAs, such as `fal-ai/flux-lora`"
    ),
    "too_many_adapters": Message("`{endpoint}` takes {most} adapters at most, and this has {found}"),
    "adapter_base": Message(
        "the adapter `{name}` is made for {base}, and `{endpoint}` needs {needs}",
        "train with a trainer of that family, or draw with an endpoint of the adapter's",
    ),
    "not_trained": Message(
        "shot `{shot}` is drawn with `{stage}`, which does not train `{subject}`",
        "add `{subject}` to the stage's `train`",
    ),
    "no_steps": Message("`{endpoint}` has no number of steps", "leave `steps` out"),
    "steps_twice": Message("the steps are said twice: as `steps`, and as `{field}` here", "leave one of them"),
    "steps_crossed": Message("the steps are at least {low} and at most {high}, which can't be"),
    "seedless": Message(
        "`{endpoint}` takes no seed, so that the {count} seeds of shot `{shot}` would all be one picture",
        "give the shot one seed",
    ),
    "shot_unused": Message(
        "no stage draws the shot `{name}`", "name it in a `generate` stage; in an `open` stage, where it has `pictures`"
    ),
    "adapter_unused": Message(
        "`{name}` trains adapters that no stage draws with",
        "write `adapters: {{{name}: 1.0}}` in the stage that draws, or take the training out",
    ),
    "no_stages": Message("the recipe asks for nothing: it has no `stages`", "a recipe's `stages` are the work"),
    "template_unused": Message("no shot and no stage uses the template `{name}`"),
    "no_trigger": Message(
        "stage `{stage}` draws shot `{shot}` with a subject's adapter, and the prompt never says the trigger",
        "write `{{{{ subject.trigger }}}} {{{{ subject.noun }}}}` first",
    ),
    "trigger_unlearned": Message(
        "shot `{shot}` is drawn without adapters (`identity: {identity}`), and its template says a trigger, which only "
        "they know",
        "leave the trigger out: the `noun` is enough",
    ),
}


PEOPLE_MESSAGES: Mapping[str, Message] = {
    "no_consent": Message(
        "nothing says that {name} agreed to this",
        "ask, and write it down: `consent: {{given_by: …, on: 2026-01-31, uses: [website]}}`",
    ),
    "new_needs_flags": Message(
        "there is no terminal to ask on",
        "give `{flag}` at least; `nano-banana new --help` lists a flag for every question",
    ),
    "trigger_of_several": Message(
        "`--trigger` is one word, and there are several people: {people}",
        "leave it out, or write a column `trigger` in the table of `--people`",
    ),
    "person_twice": Message("there are two people called `{name}`", "give each a name of their own"),
    "no_folder_of_person": Message(
        "there is no folder with photos of `{name}` in {folder}", "each person needs a folder of that name"
    ),
    "people_unreadable": Message("can't read the table {file}: {why}", "save it as CSV in UTF-8"),
    "people_columns": Message("the columns of {file} are not those of a table of people", "known: {known}"),
    "recipe_unreadable": Message("can't read {file}: {why}"),
    "recipe_without_subjects": Message(
        "{file} has no `subjects` to add to", "add the person by hand, where the subjects are"
    ),
    "consent_of_nobody": Message("nobody is named who gave the consent", "add `--consent-by NAME`"),
    "not_a_day": Message("`{day}` is not a date", "write it as YYYY-MM-DD, such as 2026-01-31"),
    "trigger_not_a_word": Message("`{trigger}` is not one word", "a trigger has no blanks, such as `anqz7`"),
    "no_such_template": Message("there is no template {name} in any pack", "`nano-banana packs list` has them all"),
    "consent_no_day": Message("`{day}` is no day on which {name} can have agreed", "write it as 2026-01-31"),
    "consent_to_come": Message(
        "{name} is said to agree on `{day}`, which is still to come", "write the day on which the consent was given"
    ),
    "half_a_consent": Message("the consent of {name} does not say {lacks}", "add `{lacks}` to `consent`"),
}


OPENED_SHOT_MESSAGES: Mapping[str, Message] = {
    "name_not_utf8": Message(
        "the name `{path}` is not UTF-8, and a recipe can't hold such a name", "rename the file, or name its folder"
    ),
    "shot_opened": Message("shot `{shot}` has `pictures`, which are there already", "write `open` for `generate`"),
    "shot_drawn": Message("shot `{shot}` has no `pictures` to open", "give it some, or write `generate` for `open`"),
    "no_prompt": Message(
        "stage `{stage}` paints pictures of shot `{shot}`, and neither says what",
        "write `prompt` in the stage, or `template` in the shot",
    ),
    "retry_opened": Message(
        "nothing is drawn before the gate `{stage}`: every retry would be the same picture", "leave `retry` out"
    ),
}


PLANNER_MESSAGES: Mapping[str, Message] = {
    "only_nothing": Message(
        "`{glob}` names no shot, stage or take", "a glob with a slash names takes, one without shots or stages: {known}"
    ),
    "no_result": Message("`{endpoint}` answered without the file that it is asked for ({expected})"),
    "faces_miscounted": Message(
        "{tries} pictures were drawn for {wanted} people, and none shows that many; the last one shows {found}",
        "say in the prompt how many people there are and where they stand, or raise the stage's `redraws`",
    ),
    "choice_of_few": Message(
        "only the {takes} selected takes are chosen from: in the whole recipe others may be better",
        "a run of the whole recipe chooses among all; what is made here and chosen there costs nothing again",
    ),
    "stray_pick": Message("`picks.yaml` names `{name}` for stage `{stage}`, and the recipe has no such take"),
    "no_such_take": Message("there is no take or picture `{name}`", "`nano-banana plan --json` lists them"),
}


GATE_MESSAGES: Mapping[str, Message] = {
    "too_far": Message("too far"),
    "no_face": Message("no face"),
    "extra_face": Message("extra face", "{found} found, {wanted} wanted"),
    "missing_face": Message("missing face", "{found} found, {wanted} wanted"),
    "copy_of_training_photo": Message(
        "copy of a training photo", "likeness {similarity:.2f}, {distance} of 64 bits differ"
    ),
    "face_too_small": Message("face too small", "{face_px:.0f} px wide, {least:.0f} needed"),
    "face_blurred": Message("face blurred", "sharpness {sharpness:.1f}, {least:.0f} needed"),
    "no_gate": Message("this recipe has no gate, so there is nothing to judge by", "add a stage `gate: …` to `stages`"),
}
