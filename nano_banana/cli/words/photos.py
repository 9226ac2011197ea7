"""Words for what is found in training photos and their captions."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "photos_too_few": Wording(
        say="`{path}` has {count} photos to train with, and {bound} is the least",
        hint="add photos: other days, other light, other clothes; about {want} make a good likeness",
    ),
    "photo_not_fetched": Wording(
        say="`{path}` is named there, but its content is missing",
        hint="fetch it (`git annex get`, `dvc pull`, `git lfs pull`), or remove what is left of it",
    ),
    "photos_few": Wording(
        say="`{path}` has {count} photos to train with; about {want} make a better likeness",
        hint="add photos: other days, other light, other clothes, some from further away",
    ),
    "photos_many": Wording(
        say="`{path}` has {count} photos to train with, more than {bound}",
        hint="keep the best ones; many that are alike teach the adapter clothes and walls",
    ),
    "photo_no_face": Wording(
        say="`{path}`: no face was found in it",
        hint="leave it out, or take one where the face is larger and seen from the front or the side",
    ),
    "photo_faces": Wording(
        say="`{path}`: {value} faces, and only {bound} should be in it",
        hint="crop it to the one person, or leave it out; an adapter learns everybody who is in the pictures",
    ),
    "photo_faces_few": Wording(
        say="`{path}`: {value} faces, and {bound} should be in it",
        hint="leave it out, or change `faces_per_photo`",
    ),
    "photo_face_small": Wording(
        say="`{path}`: the face is {value} pixels wide, less than {bound}",
        hint="take a photo from nearer, or the original of this one; enlarging it brings nothing back",
    ),
    "photo_small": Wording(
        say="`{path}`: {width} × {height} pixels; the shorter side is less than {bound}",
        hint="use the original: messengers and web sites send small copies",
    ),
    "photo_face_blurred": Wording(
        say="`{path}`: the face is not sharp (sharpness {value}, below {bound})",
        hint="leave it out where there is a sharper one; the adapter learns the blur as well",
    ),
    "photo_blurred": Wording(
        say="`{path}`: nothing in it is sharp (sharpness {value}, below {bound})",
        hint="leave it out where there is a sharper one; the adapter learns the blur as well",
    ),
    "photo_twin": Wording(
        say="`{path}` is nearly the same as `{other}` ({value} of 64 bits differ)",
        hint="keep the better one: what is seen twice is learned twice",
    ),
    "photo_mirrored": Wording(
        say="`{path}` is `{other}` mirrored ({value} of 64 bits differ)",
        hint="keep the one that is the right way round: no face is its own mirror image",
    ),
    "photo_odd": Wording(
        say="`{path}`: the face is unlike the others (likeness {value}, below {bound})",
        hint="is it another person? if not, a strong profile, dark glasses or a bad light: leave it out",
    ),
    "photo_dark": Wording(
        say="`{path}`: too dark (brightness {value} of 1; {percent} % is lost in black)",
        hint="brighten it from the original, or leave it out",
    ),
    "photo_bright": Wording(
        say="`{path}`: too bright (brightness {value} of 1; {percent} % is lost in white)",
        hint="darken it from the original, or leave it out",
    ),
    "photo_lying": Wording(
        say="`{path}`: the head lies on its side or upside down (turned by {value} degrees)",
        hint="turn the picture upright and save it: it trains as it is",
    ),
    "photo_turned": Wording(
        say="`{path}`: turned upright as its EXIF data says", hint="nothing to do: it is trained with upright, too"
    ),
    "caption_unreadable": Wording(say="`{path}`: its caption is no UTF-8 text", hint="save the `.txt` file as UTF-8"),
    "caption_without_trigger": Wording(
        say="`{path}`: its caption lacks the trigger `{trigger}`, and where photos have captions `{trainer}` looks "
        "for it nowhere else",
        hint="begin every caption with it: `photo_rules: {{captions: {{prefix: 'photo of {trigger} {noun}'}}}}`",
    ),
    "caption_leaks": Wording(
        say="`{path}`: its caption says what should stay with the person: {words}",
        hint="say only what changes from photo to photo (clothes, place, light); what a caption names, the adapter "
        "does not learn",
    ),
    "photos_more": Wording(
        say="{count} more findings in the photos of `{subject}`", hint="`nano-banana photos` shows them all"
    ),
    "no_photos_here": Wording(
        say="`{path}` holds no recipe.yaml and no photos",
        hint="name a recipe, or the folder that the photos are in; none is looked for in zips and in folders within it",
    ),
    "photo_alone": Wording(say="`{path}` is a photo", hint="name the folder that it is in"),
    "no_such_subject": Wording(say="there is no subject `{name}`", hint="there is: {known}"),
}
