"""What fal, the local provider, the emulator and the catalog report."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

CATALOG_MESSAGES: Mapping[str, Message] = {
    "field_unknown": Message("`{endpoint}` has no field `{field}`", ""),
    "no_negative_prompt": Message(
        "`{endpoint}` has no negative prompt",
        "say in the prompt what the picture shows, or use an endpoint with one, such as fal-ai/flux-general/inpainting",
    ),
    "field_type": Message("`{field}` of `{endpoint}` must be of type {wants}, not {found}", ""),
    "field_range": Message("{value} is out of range for `{field}` of `{endpoint}`", "allowed: {range}"),
    "field_choice": Message("`{found}` is no value of `{field}` of `{endpoint}`", "one of {choices}"),
    "field_needs_quotes": Message("`{field}` of `{endpoint}` takes {found} as a string", 'write it as "{found}"'),
    "field_missing": Message("`{endpoint}` needs the field `{field}`", "give it under `with`"),
    "field_is_ours": Message(
        "`{field}` of `{endpoint}` is set by the runner",
        "leave it out: one request makes one picture, and stages hand over files, adapters, prompts and seeds",
    ),
    "size_shape": Message(
        "`{field}` of `{endpoint}` must be a named size or width and height in pixels",
        "for example portrait_4_3, or {{width: 880, height: 1104}}",
    ),
    "size_range": Message(
        "{side} {value} is out of range for `{field}` of `{endpoint}`", "whole pixels, allowed: {range}"
    ),
    "size_multiple": Message(
        "{side} {value} of `{field}` is no multiple of {multiple}", "the service may round it and so change the picture"
    ),
    "adapter_shape": Message("an adapter of `{endpoint}` is {{path, scale}}: a string and a number", ""),
    "adapters_too_many": Message("{count} adapters are too many for `{endpoint}`", "it takes {most} at most"),
    "list_too_long": Message("`{field}` of `{endpoint}` has {count} items", "it takes {most} at most"),
    "endpoint_unreadable": Message("this endpoint file can't be read ({says})", "it must be a readable UTF-8 file"),
    "endpoint_key_unknown": Message("unknown key `{name}` in {where}", ""),
    "endpoint_key_missing": Message("the key `{name}` is missing in {where}", ""),
    "endpoint_choice": Message("`{found}` is no choice for {where}", "choices: {choices}"),
    "endpoint_value": Message("{found} does not fit {where}", "{about}"),
    "endpoint_range_empty": Message("minimum {minimum} of `{field}` is above its maximum {maximum}", ""),
    "endpoint_default": Message("the default `{default}` does not fit the field `{field}`", ""),
    "endpoint_field_unknown": Message("`{where}.{role}` names the field `{field}`, which is not among `fields`", ""),
    "endpoint_twice": Message("the endpoint `{endpoint}` is described twice", "first in {first}; remove one of them"),
}


RESUBMIT_HINT = "`--resubmit` buys it again, `--abandon` gives it up"

FAL_MESSAGES: Mapping[str, Message] = {
    "no_key": Message(
        "there is no fal key",
        "set FAL_KEY, or FAL_KEY_ID and FAL_KEY_SECRET, or run `nano-banana config set-key`;"
        " `--provider local` needs none",
    ),
    "fal_key_refused": Message(
        "fal does not know the key ({status}: {said})", "look at `nano-banana config show`; keys are made at fal.ai"
    ),
    "fal_forbidden": Message(
        "fal refuses the account or the key ({status}: {said})", "look at your balance and the key's scope at fal.ai"
    ),
    "fal_balance": Message("the balance at fal does not suffice ({status}: {said})", "top it up, then run again"),
    "endpoint_gone": Message(
        "fal has no `{endpoint}` ({status}: {said})", "`nano-banana check --online` says what changed"
    ),
    "endpoint_unnamed": Message("`{endpoint}` can't be asked for at fal", "ids look like `fal-ai/flux-lora`"),
    "fal_certificate": Message(
        "the certificate that came from `{what}` is not trusted", "behind a proxy, or an emulator: set SSL_CERT_FILE"
    ),
    "certificates_unreadable": Message(
        "the certificates to trust can't be read ({why})", "look at {names}: `nano-banana emulate` prints its ca.pem"
    ),
    "proxy_unusable": Message(
        "the proxy in {name} can't be used ({why})",
        "it is written `http://HOST:PORT` or `socks5://HOST:PORT`; without the variable, no proxy is used",
    ),
    "fal_unreachable": Message(
        "{host} could not be reached for `{what}` ({why})", "nothing that was accepted is lost: run again later"
    ),
    "fal_busy": Message("fal was too busy for `{what}` ({status})", "run again later; `limits.rate` asks more slowly"),
    "fal_failed": Message("`{endpoint}` failed at fal ({type}: {said})", "failures of fal's are not billed: run again"),
    "content_refused": Message("`{endpoint}` refused the content ({said})", "change the prompt, or the pictures"),
    "nothing_generated": Message("`{endpoint}` made no picture ({said})", "change the prompt or the seed"),
    "no_face_found": Message("`{endpoint}` found no face ({said})"),
    "request_cancelled": Message("the request was cancelled at fal"),
    "request_refused": Message("`{endpoint}` refused the request ({type}: {said})"),
    "argument_refused": Message("`{endpoint}` refused `{field}` ({type}: {said})"),
    "file_not_loaded": Message("`{endpoint}` could not load a file that was uploaded ({said})"),
    "result_unreadable": Message(
        "the result of `{endpoint}` can't be read", "it stays at fal: the next run asks for it again, and buys nothing"
    ),
    "result_withheld": Message(
        "the result of `{what}` could not be fetched: something on the way answered {status}",
        "it stays at fal: the next run asks for it again, and buys nothing",
    ),
    "result_redirected": Message(
        "the result of `{endpoint}` was not fetched: it is said to be at {host}, which is not fal ({status})",
        "it stays at fal: the next run asks for it again, and buys nothing",
    ),
    "result_unusable": Message(
        "`{endpoint}` answered without `{wanted}`: this version can't read its result ({said})",
        "it was billed, and is kept: a newer version may read it; `--resubmit` buys it again",
    ),
    "billed_before": Message(
        "this very request to `{endpoint}` failed before, and was billed ({reason})",
        "change the prompt or the seed; `--resubmit` buys it again",
    ),
    "unsafe_picture": Message(
        "the safety checker of `{endpoint}` blacked the picture out", "change the prompt or the seed; it was billed"
    ),
    "unsafe_picture_before": Message(
        "the safety checker of `{endpoint}` blacked this very picture out before, which was billed",
        "change the prompt or the seed; `--resubmit` buys it again",
    ),
    "request_unknown": Message(
        "a request to `{endpoint}` was sent and its answer lost: fal may have it, but its history could not tell",
        "it lists what has ended, to keys that may read it: run again later, which looks again. What is not there after"
        f" 15 minutes or more never arrived, and is sent again if it is cheap"
        f" (`limits.resend_unknown`); else {RESUBMIT_HINT}",
    ),
    "seed_unlike": Message("`{endpoint}` drew from seed {used}, not from {asked} as asked (said once)"),
    "size_unlike": Message("`{endpoint}` made a picture of {used}, not of {asked} as asked (said once)"),
    "request_id_shared": Message(
        "fal accepted a request to `{endpoint}` under the id of another one ({request}), so its result can't be told",
        "the next run looks for it in fal's history",
    ),
    "status_unreadable": Message(
        "what fal says of a request to `{endpoint}` can't be read", "it stays at fal: the next run asks again"
    ),
    "request_elsewhere": Message(
        "request {request} to `{endpoint}` was sent to {service}, which alone knows what became of it",
        "run again with `fal_url` as it was then",
    ),
    "result_gone": Message(
        "fal has no result of request {request} to `{endpoint}` any more",
        f"it was billed if it was done; {RESUBMIT_HINT}",
    ),
    "request_ended": Message("the request to `{endpoint}` that was to be collected has ended already"),
    "request_abandoned": Message("its lost request was given up", "the next run makes it anew, and pays for it"),
}


_PAID_HINT = "it is paid for; run again, and it is fetched without paying again"

FAL_FILE_MESSAGES: Mapping[str, Message] = {
    "file_not_sent": Message(
        say="`{input}` is no picture, training archive or adapter, and is not sent to fal",
        hint="pictures, zips of pictures with captions and .safetensors adapters are sent, by what is in them",
    ),
    "archive_not_sent": Message(
        say="the zip `{input}` holds `{file}`, which is no picture and no caption, and is not sent to fal",
        hint="zip only the pictures and their .txt captions",
    ),
    "archive_unusable": Message(
        say="the zip `{input}` is damaged, has no pictures or too many files, and is not sent to fal",
        hint="zip the pictures and their .txt captions again",
    ),
    "upload_failed": Message(
        say="fal did not take the file `{input}`: {why}",
        hint="nothing was bought; run again later, or try one file on fal's web site",
    ),
    "download_failed": Message(say="`{file}` could not be fetched from `{host}`: {why}", hint=_PAID_HINT),
    "file_gone": Message(
        say="the result `{file}` is no longer at `{host}`",
        hint="the service keeps results for a while only; running with --resubmit buys it again",
    ),
    "download_unsafe": Message(
        say="a result is said to be at `{host}`, which is no public https address, and was not fetched",
        hint="only the address that NANO_BANANA_FAL_URL names may be private",
    ),
    "download_too_big": Message(
        say="the result `{file}` at `{host}` has more than {most} bytes and was not fetched",
        hint="ask the endpoint for something smaller",
    ),
    "download_bomb": Message(
        say="the result `{file}` has more than {most} pixels and was not decoded",
        hint="ask for a smaller picture",
    ),
    "download_unwritable": Message(
        say="a result could not be written to `{folder}`: {reason}",
        hint="free some space and run again; " + _PAID_HINT,
    ),
}


FAL_PLATFORM_MESSAGES: Mapping[str, Message] = {
    "platform_denied": Message(
        "fal does not let this key ask for {what} (HTTP {status})",
        "a key of scope API may; see fal.ai/dashboard/keys",
    ),
    "platform_odd": Message(
        "fal answered oddly when asked for {what} (HTTP {status})", "try again later; nothing was changed"
    ),
    "history_too_long": Message(
        "fal's list of {what} has no end (after {pages} pages)", "ask for a shorter stretch of time"
    ),
    "endpoint_unlisted": Message(
        "there is no endpoint `{name}` here",
        "`nano-banana catalog refresh {name}` takes it over from fal, if it has it",
    ),
    "endpoint_strange": Message("fal has no endpoint `{name}`", "ids look like `fal-ai/flux-lora`"),
    "endpoint_vanished": Message(
        "fal has no `{endpoint}` any more (as of {as_of})", "what is in the store stays; new calls will fail"
    ),
    "endpoint_deprecated": Message(
        "fal calls `{endpoint}` deprecated (as of {as_of})", "it still answers; look for the one that follows it"
    ),
    "listed_field_needed": Message(
        "`{endpoint}` now needs the field `{field}` (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}`, then give it under `with`",
    ),
    "listed_field_gone": Message(
        "`{endpoint}` has no field `{field}` any more (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_type": Message(
        "`{field}` of `{endpoint}` is now {after}, not {before} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_range": Message(
        "`{field}` of `{endpoint}` took {before} and now takes {after} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_choices": Message(
        "`{field}` of `{endpoint}` is now one of {after} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
}


LOCAL_MESSAGES: Mapping[str, Message] = {
    "adapter_not_local": Message(
        say="`{input}` was made by another trainer",
        hint="the local provider can only draw from adapters that it trained itself; use --provider fal with this one",
    ),
    "adapter_broken": Message(
        say="the adapter `{input}` is damaged or no safetensors file",
        hint="train it again",
    ),
    "invalid_archive": Message(
        say="the training archive `{input}` cannot be used: {reason} {file}",
        hint="a zip of pictures, with text captions beside them if you like, is what trainers take",
    ),
    "local_endpoint": Message(
        say="the local provider does not know the endpoint `{name}`",
        hint="describe it under endpoints/, or use --provider fal",
    ),
    "local_task": Message(
        say="the local provider has no stand-in for what `{name}` does",
        hint="it trains, draws, edits, inpaints, upscales and restores; use --provider fal for anything else",
    ),
    "local_input": Message(
        say="the input `{input}` is missing", hint="give it as a file: the local provider downloads nothing"
    ),
    "local_argument": Message(say="{value!r} is no usable value of `{name}`"),
    "local_size": Message(
        say="`{name}` asks for {width} × {height} pixels, outside {least} to {most} a side",
        hint="ask for a smaller or larger picture",
    ),
}


EMULATOR_MESSAGES: Mapping[str, Message] = {
    "emulator_extra": Message(
        say="the emulator needs `{module}`, which is not installed",
        hint=f"`{install_command('emulator')}`",
    ),
    "emulator_port": Message(
        say="cannot serve on port {port}: {reason}",
        hint="choose another with --port, or 0 for any that is free",
    ),
    "emulator_folder": Message(
        say="cannot write to the folder {folder}: {reason}",
        hint="choose another with --folder",
    ),
}
