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
    "no_account": Wording(
        say="the picture `{path}` does not tell how it was made",
        hint="see what it does tell with `nano-banana detect-watermark {path}`; a copy that a program has saved anew, "
        "or one made with `embed: []`, tells no more",
    ),
    "no_picture_here": Wording(
        say="`{path}` is no PNG, JPEG, WebP or GIF",
        hint="give a picture that `run` wrote, or the id of a take",
    ),
    "again_lacks_adapter": Wording(
        say="an adapter that the picture hangs on is not here ({digest:.12})",
        hint="bring it over: `nano-banana models export` where it was trained, `nano-banana models import` here",
    ),
    "again_lacks_file": Wording(
        say="a file that went into `{endpoint}` is not here ({place}, {digest:.12})",
        hint="make the picture again where it was made: photos and masks never travel with pictures",
    ),
    "again_lacks_picture": Wording(
        say="the picture does not tell of any call that made it ({digest:.12})",
        hint="it was only opened, or its text was changed; there is nothing to make again",
    ),
    "again_nobody": Wording(
        say="the picture asks `{name}` for `{endpoint}`, and nobody here is called so",
        hint="say who answers instead: `--provider local` or `--provider fal`",
    ),
    "again_unknown": Wording(
        say="the picture asks for `{endpoint}`, which is described nowhere here",
        hint="add it with `nano-banana catalog add {endpoint}` if you trust where the picture comes from",
    ),
    "again_unfit": Wording(
        say="the picture asks `{endpoint}` with a `{field}` that it does not take ({reason})",
        hint="the text in the picture was changed, or the endpoint was; nothing is sent",
    ),
    "again_unasked": Wording(
        say="the picture asks for what costs {price} (calls to be paid for: {count}), and nobody said yes",
        hint="look at them with `--plan`; `--yes` makes them",
    ),
    "again_other_suffix": Wording(
        say="`{path}` is not how a file of this picture's format is called",
        hint="let the name end in `{suffix}`",
    ),
    "account_newer": Wording(
        say="the picture was marked by a newer nano-banana (version {version} of its marks; this one knows {known})",
        hint="update nano-banana",
    ),
}
