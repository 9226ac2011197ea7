"""The words for what can be wrong with a recipe's shape and names."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install

WORDS: Mapping[str, Wording] = {
    "unknown_key": Wording("unknown key `{name}` in {owner}", "known keys: {known}"),
    "unknown_verb": Wording("unknown key `{name}` in {owner}", "what a stage can do: {known}"),
    "no_verb": Wording("{owner} says nothing of what it does", "give it one of: {names}"),
    "two_verbs": Wording(
        "a stage does one thing, and {owner} does two: `{first}` and `{second}`", "make two stages of it"
    ),
    "bad_name": Wording(
        "`{name}` can't be a name", "letters, digits, `_` and `-`, at most 64, beginning with a letter or digit"
    ),
    "bad_axis": Wording(
        "`{name}` can't be the name of an axis",
        "letters, digits and `_`, at most 64, beginning with a letter: templates write it as `{{{{ scene }}}}`",
    ),
    "bad_place": Wording(
        "`{name}` can't be the name of a place in a picture",
        "letters, digits and `_`, at most 64, beginning with a letter: templates write `{{{{ cast.left.noun }}}}`",
    ),
    "not_one_word": Wording("{name} should be one word, and `{value}` is not", "leave the blanks out"),
    "key_needs": Wording(
        "`{name}` in {owner} needs `{needs}`, which is not there", "add `{needs}`, or leave `{name}` out"
    ),
    "missing_key": Wording("`{name}` is missing in {owner}", "{about}"),
    "wrong_type": Wording("{name} should be {expected}, not {found}", "{about}"),
    "not_quoted": Wording("{name} should be {expected}, not {found}", 'put quotes around it: "{value}"'),
    "format_version": Wording(
        "this program reads version {known} of the format, not `{value}`",
        "begin the recipe with `nano_banana: {known}`",
    ),
    "not_a_choice": Wording("`{value}` is no choice for {name}", "choices: {choices}"),
    "bad_value": Wording("`{value}` is no good value for {name}", "limit: {limit}"),
    "below_minimum": Wording("{name} is {value}, and the least is {limit}", "{about}"),
    "not_above": Wording("{name} is {value}, and must be more than {limit}", "{about}"),
    "above_maximum": Wording("{name} is {value}, and the most is {limit}", "{about}"),
    "too_few": Wording("{name} has too few entries", "at least {limit}"),
    "too_many": Wording("{name} has too many entries", "at most {limit}"),
    "nothing_in_it": Wording("{name} is empty", "leave it out, or put something into it"),
    "too_long": Wording("{name} is too long", "at most {limit} characters"),
    "unknown_reference": Wording("there is no {what} `{name}`", "known: {known}"),
    "same_trigger": Wording(
        "`{name}` has the trigger `{trigger}` of `{other}`", "give each person a trigger of their own"
    ),
    "photos_zipped": Wording("`{path}` is a zip", "unpack it, and name the folder"),
    "photo_missing": Wording("there is no photo or folder `{path}`", "paths count from the recipe's folder"),
    "no_photos": Wording(
        "`{path}` holds no photos",
        "JPEG, PNG, WebP, TIFF, AVIF, HEIC and the like are looked for; export others",
    ),
    "photos_left_out": Wording(
        "photos in `{path}` are left out, because their format can't be read: {names}",
        f"export RAW photos as JPEG; to read HEIC: `{install('heic')}`",
    ),
    "photos_copies": Wording(
        "HEIC photos in `{path}` are left out, because another photo there has the same name: {names}",
        "if they are different photos, give one of the two another name",
    ),
    "photos_deeper": Wording(
        "`{path}` has folders with photos, and those are left out: {names}", "name them too, or use `{path}/**/*.jpg`"
    ),
    "captions_left_out": Wording(
        "captions in `{path}` are not used: {names}",
        "the caption of `a.jpg` is `a.txt` beside it; rename or remove the others",
    ),
    "photos_not_fetched": Wording(
        "{count} of the photos in `{path}` are named there, but their content is missing: {names}",
        "fetch them (`git annex get`, `dvc pull`, `git lfs pull`), or remove what is left of them",
    ),
    "photo_unreadable": Wording("the picture `{path}` can't be read: {why}"),
    "not_a_picture": Wording("`{path}` is not a picture that can be read", "remove it, or save it as JPEG or PNG"),
    "hold_out_all": Wording(
        "all of the {photos} photos are held out, and none is left to train", "hold out fewer, or add photos"
    ),
    "few_left": Wording(
        "photos that are left to train: {left}; from fewer than {few} an adapter learns the photos, not the person",
        "hold out fewer, or add photos",
    ),
    "hold_out_none": Wording(
        "none of the photos is called `{name}`", "name photos of `photos` by their file names, or by a glob"
    ),
    "no_such_file": Wording("there is no file `{path}`", "paths count from the recipe's folder"),
    "reserved_name": Wording("`{name}` would hide what templates call `{name}` anyway", "call it something else"),
    "named_all": Wording("nothing can be called `all`", "recipes write `all` for everything there is"),
    "same_name": Wording("the axis `{name}` has the name of a variable", "templates could not tell them apart"),
    "repeated_value": Wording("`{value}` is there twice", "take one of them out"),
    "unknown_axis": Wording(
        "there is no axis `{name}` whose values `all` could be", "known axes: {known}; or list the values here"
    ),
    "not_in_matrix": Wording("this shot has no axis `{name}`", "known: {known}"),
    "not_in_shot": Wording(
        "shot `{shot}` has no axis `{name}`, which its template uses", "add `{name}` to the shot's `matrix`"
    ),
    "nobody_in_shot": Wording(
        "shot `{shot}` has no `cast`, and its template speaks of the subject",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "several_in_shot": Wording(
        "shot `{shot}` shows several people, and its template speaks of one `subject`",
        "say which of them: `{{{{ cast.{place_name}.noun }}}}`",
    ),
    "one_in_shot": Wording(
        "shot `{shot}` shows one person at a time, and its template speaks of places in a `cast`",
        "write `{{{{ subject.noun }}}}`, or put several into the picture: `cast: {{left: ana, right: ben}}`",
    ),
    "cast_alone": Wording("`{name}` is the only place in the picture", "for one person write `cast: {who}`"),
    "cast_mixed": Wording(
        "`each` is one person a picture, and `{name}` a place in a picture of several", "write one or the other"
    ),
    "cast_twice": Wording("`{name}` is in the picture twice", "give each place to somebody else"),
    "identity_of_nobody": Wording(
        "`identity: {identity}` needs people, and this shot has no `cast`",
        "say who is in the picture, `cast: {somebody}`, or leave `identity` out",
    ),
    "by_face_alone": Wording(
        "`by_face` is for several people in one picture, and shot `{shot}` has one at a time",
        "leave `identity` out, or write `cast: {{left: ana, right: ben}}`",
    ),
    "by_face_unplaced": Wording(
        "stage `{stage}` draws strangers for shot `{shot}`, and nothing gives them their faces",
        "add a stage `inpaint: {stage}.{shot}` with `mask: {{find: face, assign: cast}}`",
    ),
    "several_by_adapter": Wording(
        "stage `{stage}` would draw shot `{shot}` with the adapters of {people} at once, and give each the face of all",
        "say `identity: by_face` or `identity: reference`; for one person a picture, `cast: {{each: [{people}]}}`",
    ),
    "whose_adapter": Wording(
        "shot `{shot}` shows several people, and nothing says whose adapter of `{adapter}` paints this region",
        "write `mask: {{find: face, assign: cast}}`, which paints each face with its own",
    ),
    "assign_alone": Wording(
        "`assign: cast` is for several people in one picture, and shot `{shot}` has one at a time",
        "leave `assign` out",
    ),
    "assign_not_faces": Wording("`assign: cast` is for faces, not for `{part}`", "write `find: face`"),
    "assign_in_repair": Wording("a repair knows by itself whose face it paints", "leave `assign` out"),
    "repair_of_several": Wording(
        "shot `{shot}` shows several people, and this repair paints one region for all", "write `mask: {{find: face}}`"
    ),
    "takes_no_references": Wording(
        "shot `{shot}` is drawn from photos of its people, and `{endpoint}` takes no pictures",
        "use an endpoint that edits pictures, such as `fal-ai/nano-banana-pro/edit`",
    ),
    "too_many_references": Wording(
        "shot `{shot}` would send {found} pictures to `{endpoint}`, which takes {most}",
        "name fewer `references`, or leave out some of the stage's `images`",
    ),
    "no_references": Wording(
        "shot `{shot}` is drawn from photos of `{subject}`, who has none",
        "add `references: photos/{subject}` or a training set to the subject",
    ),
    "too_many_takes": Wording(
        "shot `{shot}` would be {count:,} takes",
        "at most {most:,} are planned; take fewer values, or make several shots",
    ),
    "empty_matrix": Wording("nothing is left of shot `{shot}`: every combination is excluded"),
    "unknown_adapter": Wording("there is no adapter `{name}`", "train stages and entries of `adapters`: {known}"),
    "adapter_twice": Wording("`{name}` is a train stage and an entry of `adapters`", "give one of them another name"),
    "no_cast": Wording(
        "shot `{shot}` has no `cast`, which says whose adapter of `{adapter}` to draw with",
        "say who is in the picture: `cast: {somebody}`",
    ),
    "shot_not_in_stage": Wording("stage `{stage}` has no takes of shot `{shot}`", "it has: {known}"),
    "too_many_ways": Wording("more than {most} ways lead to stage `{stage}`", "let fewer stages fork and meet again"),
    "same_but_case": Wording(
        "`{name}` and `{other}` differ in case alone", "their pictures would be one file on many computers; rename one"
    ),
    "judges_nothing": Wording(
        "stage `{stage}` judges nothing, so that none of its takes is `{ruling}`", "name a `gate`"
    ),
    "judges_nobody": Wording(
        "stage `{stage}` judges whose face it is, and nobody is cast in shot `{shot}`",
        "leave the shot out, or say who is in the picture: `cast: {somebody}`",
    ),
    "nothing_to_compare": Wording(
        "stage `{stage}` has no photos of `{subject}` to compare with",
        "add `training_set: photos/{subject}` or `references` to the subject",
    ),
    "unsure_above": Wording(
        "`unsure` begins at {unsure}, which is above {accept}, from where on everything is accepted",
        "choose a lower one",
    ),
    "at_most_below": Wording(
        "the threshold is at most {at_most} and at least {at_least}, which can't be", "raise `at_most`, or leave it out"
    ),
    "skip_unknown_axis": Wording("no shot that comes here has an axis `{name}`", "known: {known}"),
    "skip_unknown_field": Wording("no value of the axis `{axis}` has a field `{name}`", "known: {known}"),
    "skips_nothing": Wording("`{name}` is never `{value}`, so that every take is judged"),
    "retry_seedless": Wording(
        "stage `{stage}` draws with `{endpoint}`, which takes no seed: every retry would be the same picture",
        "leave `retry` out",
    ),
    "ladder_twice": Wording("`{field}` is on the ladder already", "leave it out here"),
    "only_with": Wording("`{key}` means nothing without `{needs}`", "add `{needs}`, or leave `{key}` out"),
    "choice_unjudged": Wording(
        "no gate judges the takes that `{stage}` chooses from, so that the best are simply the first",
        "choose from a gate: `choose: judged.accepted`",
    ),
    "picks_yml": Wording("`picks.yml` is not read", "rename it to `picks.yaml`"),
    "picks_not_mapping": Wording("this file should be a mapping that begins with `picks:`"),
    "kept_and_dropped": Wording("`{name}` is kept and dropped", "take it out of one of the lists"),
    "repeated_id": Wording("two stages have the id `{id}`"),
    "no_training_set": Wording(
        "`{subject}` has no training set to train from", "add `training_set: photos/{subject}` to the subject"
    ),
    "mask_shapes": Wording("a mask needs exactly one shape, and this has {found}", "shapes: {shapes}"),
    "mask_inside_out": Wording("the {shape} is inside out", "`[x0, y0, x1, y1]` with x0 < x1 and y0 < y1"),
    "cycle": Wording("stages wait for each other in a circle: {circle}"),
    "unknown_endpoint": Wording(
        "the catalog has no endpoint `{name}`",
        "describe it in `endpoints/*.yaml`, or use the `call` stage, which sends anything",
    ),
    "endpoint_uncatalogued": Wording(
        "the catalog has no endpoint `{name}`; its fields are sent unchecked",
        "describe it in `endpoints/*.yaml`: the local provider answers only what is described",
    ),
    "endpoint_unfit": Wording(
        "`{endpoint}` can't do the work of `{verb}`: it is for {does}", "endpoints that can: {fit}"
    ),
    "images_missing": Wording("`{endpoint}` starts from a picture", "add `images: path/to/picture.jpg` to the stage"),
    "takes_no_images": Wording("`{endpoint}` starts from nothing and takes no `images`", "leave them out"),
    "takes_one_image": Wording("`{endpoint}` takes one picture, and this has {found}", "leave one of `images`"),
    "no_such_input": Wording(
        "`{endpoint}` has no field `{field}` for a picture",
        "say which field takes it; `image_urls/0` is the first of a list",
    ),
    "takes_no_adapters": Wording(
        "`{endpoint}` takes no adapters", "use an endpoint for LoRAs, such as `fal-ai/flux-lora`"
    ),
    "too_many_adapters": Wording("`{endpoint}` takes {most} adapters at most, and this has {found}"),
    "adapter_base": Wording(
        "the adapter `{name}` is made for {base}, and `{endpoint}` needs {needs}",
        "train with a trainer of that family, or draw with an endpoint of the adapter's",
    ),
    "not_trained": Wording(
        "shot `{shot}` is drawn with `{stage}`, which does not train `{subject}`",
        "add `{subject}` to the stage's `train`",
    ),
    "no_steps": Wording("`{endpoint}` has no number of steps", "leave `steps` out"),
    "steps_twice": Wording("the steps are said twice: as `steps`, and as `{field}` here", "leave one of them"),
    "steps_crossed": Wording("the steps are at least {low} and at most {high}, which can't be"),
    "seedless": Wording(
        "`{endpoint}` takes no seed, so that the {count} seeds of shot `{shot}` would all be one picture",
        "give the shot one seed",
    ),
    "shot_unused": Wording(
        "no stage draws the shot `{name}`", "name it in a `generate` stage; in an `open` stage, where it has `pictures`"
    ),
    "adapter_unused": Wording(
        "`{name}` trains adapters that no stage draws with",
        "write `adapters: {{{name}: 1.0}}` in the stage that draws, or take the training out",
    ),
    "no_stages": Wording("the recipe asks for nothing: it has no `stages`", "a recipe's `stages` are the work"),
    "template_unused": Wording("no shot and no stage uses the template `{name}`"),
    "no_trigger": Wording(
        "stage `{stage}` draws shot `{shot}` with a subject's adapter, and the prompt never says the trigger",
        "write `{{{{ subject.trigger }}}} {{{{ subject.noun }}}}` first",
    ),
    "trigger_unlearned": Wording(
        "shot `{shot}` is drawn without adapters (`identity: {identity}`), and its template says a trigger, which only "
        "they know",
        "leave the trigger out: the `noun` is enough",
    ),
}
