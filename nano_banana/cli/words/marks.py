"""The words for what goes wrong with the marks in picture files."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "unmarkable": Wording(
        say="the picture is no PNG, JPEG, WebP or GIF, or is damaged, so it can't say that it is AI-made",
        hint="ask the endpoint for PNG (`output_format: png` in the stage's `with`, where it has that)",
    ),
    "marked_unreadable": Wording(
        say="the picture `{path}` can't be read: {reason}",
        hint="give the path of a picture file that you may read",
    ),
    "marked_too_large": Wording(
        say="the file `{path}` is larger than {most} MiB, and is not read",
        hint="give a picture file",
    ),
    "account_broken": Wording(
        say="the picture tells how it was made, but that text is damaged",
        hint="use another copy of the picture, as `run` wrote it",
    ),
    "account_newer": Wording(
        say="the picture was marked by a newer nano-banana (version {version} of its marks; this one knows {known})",
        hint="update nano-banana",
    ),
}
