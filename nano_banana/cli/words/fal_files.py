"""Words for files on their way to fal and back."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

_PAID = "it is paid for; run again, and it is fetched without paying again"

WORDS: Mapping[str, Wording] = {
    "file_not_sent": Wording(
        say="`{input}` is no picture, training archive or adapter, and is not sent to fal",
        hint="pictures, zips of pictures with captions and .safetensors adapters are sent, by what is in them",
    ),
    "archive_not_sent": Wording(
        say="the zip `{input}` holds `{file}`, which is no picture and no caption, and is not sent to fal",
        hint="zip only the pictures and their .txt captions",
    ),
    "archive_unusable": Wording(
        say="the zip `{input}` is damaged, has no pictures or too many files, and is not sent to fal",
        hint="zip the pictures and their .txt captions again",
    ),
    "upload_failed": Wording(
        say="fal did not take the file `{input}`: {why}",
        hint="nothing was bought; run again later, or try one file on fal's web site",
    ),
    "download_failed": Wording(say="`{file}` could not be fetched from `{host}`: {why}", hint=_PAID),
    "file_gone": Wording(
        say="the result `{file}` is no longer at `{host}`",
        hint="the service keeps results for a while only; running with --resubmit buys it again",
    ),
    "download_unsafe": Wording(
        say="a result is said to be at `{host}`, which is no public https address, and was not fetched",
        hint="only the address that NANO_BANANA_FAL_URL names may be private",
    ),
    "download_too_big": Wording(
        say="the result `{file}` at `{host}` has more than {most} bytes and was not fetched",
        hint="ask the endpoint for something smaller",
    ),
    "download_bomb": Wording(
        say="the result `{file}` has more than {most} pixels and was not decoded",
        hint="ask for a smaller picture",
    ),
    "download_unwritable": Wording(
        say="a result could not be written to `{folder}`: {reason}",
        hint="free some space and run again; " + _PAID,
    ),
}
