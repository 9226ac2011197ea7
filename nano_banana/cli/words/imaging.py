"""Words for what goes wrong with pictures, masks and training sets."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install

_DRAW = "draw white on black, or with one bright colour on nothing, or cut a transparent hole into the picture"

WORDS: Mapping[str, Wording] = {
    "picture_unreadable": Wording(
        say="`{input}` is not a picture that can be read",
        hint="JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF, JPEG 2000, PPM and HEIC can be read",
    ),
    "picture_raw": Wording(
        say="`{input}` is a RAW photo, and those can't be read: only the small preview inside could be",
        hint="export it as JPEG, or as PNG or TIFF, from the program that develops your photos",
    ),
    "picture_unsupported": Wording(
        say="`{input}` is a {format} file, and those can't be read", hint="save it as JPEG or PNG"
    ),
    "heic_missing": Wording(
        say="`{input}` is a HEIC photo, and what reads those is not installed",
        hint=f"`{install('heic')}`, or export it as JPEG",
    ),
    "picture_broken": Wording(
        say="`{input}` is damaged or cut short",
        hint="copy or export the file again; a viewer may show the part that is left",
    ),
    "picture_too_big": Wording(
        say="`{input}` has more than {megapixels} megapixels",
        hint="save it as JPEG, or scale it down first; training and painting use about one million pixels",
    ),
    "training_photos_none": Wording(say="the training set has no photos", hint="add photos to its folder or list"),
    "caption_not_text": Wording(say="`{input}` is not UTF-8 text", hint="save the caption as UTF-8"),
    "mask_size": Wording(
        say="the mask is {width} × {height} pixels and does not fit the picture of {picture_width} × {picture_height}",
        hint="draw the mask over a picture of this size, or use a box, an ellipse or a polygon",
    ),
    "mask_empty": Wording(
        say="the mask is empty: there is nothing to repaint",
        hint="white is repainted; shapes are in fractions (0–1) of width and height, from the top left",
    ),
    "mask_colours": Wording(
        say="the mask has several colours, as a photo has, so it can't be told what is to be repainted", hint=_DRAW
    ),
    "mask_black": Wording(
        say="all that is drawn in the mask is black and the rest is transparent: either may be meant", hint=_DRAW
    ),
    "mask_faint": Wording(say="the mask is nearly black: its brightest value is {brightest} of 255", hint=_DRAW),
    "compute_input": Wording(say="the input `{input}` is missing"),
    "compute_argument": Wording(say="{value!r} is no usable value of `{name}`"),
    "compute_endpoint": Wording(say="there is no compute endpoint `{name}`"),
    "compute_revision": Wording(
        say="the call asks for version {asked} of `{name}`, but this program has version {revision}",
        hint="plan again with this version of the program",
    ),
    "worker_died": Wording(
        say="the worker process that did this ended before it was done",
        hint="it may have run out of memory; a next run does what is missing, with smaller pictures it takes less",
    ),
}
