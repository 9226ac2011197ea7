"""What fal, the local provider, the emulator and the catalog report."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message, install_command

_RESUBMIT_HINT = "`--resubmit` resends it (billed again), `--abandon` drops it"
_STAYS_HINT = "it stays at fal: the next run fetches it without paying again"
_PAID_HINT = "it is paid for: the next run fetches it without paying again"
_REFRESH_HINT = "`nano-banana catalog refresh {endpoint}` updates the project's description"

MESSAGES: Mapping[str, Message] = {
    # fields of endpoints
    "field_unknown": Message("`{endpoint}` has no field `{field}`"),
    "no_negative_prompt": Message(
        "`{endpoint}` has no negative prompt",
        "describe in the prompt what the picture shows, or use an endpoint with one, such as "
        "fal-ai/flux-general/inpainting",
    ),
    "field_type": Message("`{field}` of `{endpoint}` must be of type {wants}, not {found}"),
    "field_range": Message("{value} is out of range for `{field}` of `{endpoint}`", "allowed: {range}"),
    "field_choice": Message("invalid value `{found}` for `{field}` of `{endpoint}`", "choose from: {choices}"),
    "field_needs_quotes": Message("`{field}` of `{endpoint}` takes {found} as text", 'write it as "{found}"'),
    "field_missing": Message("`{endpoint}` needs the field `{field}`", "add it under `with`"),
    "field_is_ours": Message(
        "`{field}` of `{endpoint}` is set by the program",
        "remove it; files, adapters, prompts and seeds come from the stage, and a request makes one picture",
    ),
    "size_shape": Message(
        "`{field}` of `{endpoint}` must be a named size, or width and height in pixels",
        "for example portrait_4_3, or {{width: 880, height: 1104}}",
    ),
    "size_range": Message(
        "{side} {value} is out of range for `{field}` of `{endpoint}`", "whole pixels, allowed: {range}"
    ),
    "size_multiple": Message(
        "{side} {value} of `{field}` is not a multiple of {multiple}",
        "the provider may round it, which changes the picture",
    ),
    "adapter_shape": Message("an adapter of `{endpoint}` must be {{path, scale}}: text and a number"),
    "adapters_too_many": Message("{count} adapters are too many for `{endpoint}`", "at most {most}"),
    "list_too_long": Message("`{field}` of `{endpoint}` has {count} items", "at most {most}"),
    # endpoint files
    "endpoint_unreadable": Message("can't read this endpoint file ({says})", "it must be a readable UTF-8 file"),
    "endpoint_key_unknown": Message("unknown key `{name}` in {where}"),
    "endpoint_key_missing": Message("missing key `{name}` in {where}"),
    "endpoint_choice": Message("invalid value `{found}` for {where}", "choose from: {choices}"),
    "endpoint_value": Message("invalid value {found} for {where}", "{about}"),
    "endpoint_range_empty": Message("the minimum {minimum} of `{field}` is above its maximum {maximum}"),
    "endpoint_default": Message("the default `{default}` doesn't fit the field `{field}`"),
    "endpoint_field_unknown": Message("`{where}.{role}` names the field `{field}`, which is not in `fields`"),
    "endpoint_twice": Message("the endpoint `{endpoint}` is described twice", "first in {first}; remove one of them"),
    # Connecting to fal.
    "no_key": Message(
        "no fal key found",
        "set FAL_KEY, or FAL_KEY_ID and FAL_KEY_SECRET, or run `nano-banana config set-key`;"
        " `--provider local` needs no key",
    ),
    "fal_key_refused": Message(
        "fal rejected the key ({status}: {said})", "check `nano-banana config show`; create keys at fal.ai"
    ),
    "fal_forbidden": Message(
        "fal refused access ({status}: {said})", "check your balance and the key's scope at fal.ai"
    ),
    "fal_balance": Message("the fal balance is too low ({status}: {said})", "top it up, then run again"),
    "endpoint_gone": Message(
        "fal has no `{endpoint}` ({status}: {said})", "`nano-banana check --online` shows what changed"
    ),
    "endpoint_unnamed": Message("`{endpoint}` is not a fal endpoint ID", "IDs look like `fal-ai/flux-lora`"),
    "fal_certificate": Message(
        "the certificate of `{what}` is not trusted", "behind a proxy or an emulator, set SSL_CERT_FILE"
    ),
    "certificates_unreadable": Message(
        "can't read the trusted certificates ({why})",
        "check {names}; `nano-banana emulate` prints its ca.pem",
    ),
    "proxy_unusable": Message(
        "can't use the proxy in {name} ({why})",
        "write `http://HOST:PORT` or `socks5://HOST:PORT`; unset the variable to use no proxy",
    ),
    "fal_unreachable": Message(
        "can't reach {host} for `{what}` ({why})", "run again later; accepted requests are not lost"
    ),
    "fal_busy": Message("fal was too busy for `{what}` ({status})", "run again later, or lower `limits.rate`"),
    # Requests to fal and their results.
    "fal_failed": Message(
        "`{endpoint}` failed at fal ({type}: {said})", "run again; fal doesn't bill its own failures"
    ),
    "not_stored": Message("`{endpoint}`: there is no result of an earlier run, and nothing is bought for this take"),
    "content_refused": Message("`{endpoint}` refused the content ({said})", "change the prompt or the pictures"),
    "nothing_generated": Message("`{endpoint}` made no picture ({said})", "change the prompt or the seed"),
    "no_face_found": Message("`{endpoint}` found no face ({said})"),
    "request_cancelled": Message("the request was cancelled at fal"),
    "request_refused": Message("`{endpoint}` refused the request ({type}: {said})"),
    "argument_refused": Message("`{endpoint}` refused `{field}` ({type}: {said})"),
    "file_not_loaded": Message("`{endpoint}` couldn't load an uploaded file ({said})"),
    "result_unreadable": Message("can't read the result of `{endpoint}`", _STAYS_HINT),
    "result_withheld": Message(
        "can't fetch the result of `{what}`: something between here and fal answered {status}", _STAYS_HINT
    ),
    "result_redirected": Message(
        "the result of `{endpoint}` was not fetched: its address {host} is not fal's ({status})", _STAYS_HINT
    ),
    "result_unusable": Message(
        "this version can't read the result of `{endpoint}`: `{wanted}` is missing ({said})",
        "it was billed and kept, and a newer version may read it; `--resubmit` resends it (billed again)",
    ),
    "billed_before": Message(
        "the same request to `{endpoint}` failed before and was billed ({reason})",
        "change the prompt or the seed; `--resubmit` resends it (billed again)",
    ),
    "unsafe_picture": Message(
        "the safety checker of `{endpoint}` blacked out the picture", "change the prompt or the seed; it was billed"
    ),
    "unsafe_picture_before": Message(
        "the safety checker of `{endpoint}` blacked out this picture before, and it was billed",
        "change the prompt or the seed; `--resubmit` resends it (billed again)",
    ),
    "request_unknown": Message(
        "unknown outcome of a request to `{endpoint}`: no answer arrived, and fal's history couldn't be read",
        "run again later to look again. Requests missing from fal's history after 15 minutes never arrived; cheap ones"
        f" are then resent (`limits.resend_unknown`), and otherwise {_RESUBMIT_HINT}",
    ),
    "seed_unlike": Message("`{endpoint}` used seed {used} instead of {asked} (shown once)"),
    "size_unlike": Message("`{endpoint}` made a {used} picture instead of {asked} (shown once)"),
    "request_id_shared": Message(
        "fal returned a request ID that is already in use ({request}) for `{endpoint}`",
        "the next run looks for the result in fal's history",
    ),
    "status_unreadable": Message(
        "can't read the status of a request to `{endpoint}`", "it stays at fal; the next run asks again"
    ),
    "request_elsewhere": Message(
        "request {request} to `{endpoint}` was sent to {service}, so only that service knows its outcome",
        "run again with the `fal_url` of that time",
    ),
    "result_gone": Message(
        "fal no longer has the result of request {request} to `{endpoint}`",
        f"it was billed if it finished; {_RESUBMIT_HINT}",
    ),
    "request_ended": Message("the request to `{endpoint}` has already ended"),
    "request_abandoned": Message("its lost request was abandoned", "the next run makes it again, and pays for it"),
    # Files sent to and fetched from fal.
    "file_not_sent": Message(
        "`{input}` is not a picture, training archive or adapter, so it was not sent to fal",
        "only pictures, zips of pictures with captions, and .safetensors adapters are sent",
    ),
    "archive_not_sent": Message(
        "the zip `{input}` contains `{file}`, which is neither a picture nor a caption, so it was not sent to fal",
        "zip only the pictures and their .txt captions",
    ),
    "archive_unusable": Message(
        "the zip `{input}` is damaged, has no pictures or has too many files, so it was not sent to fal",
        "zip the pictures and their .txt captions again",
    ),
    "upload_failed": Message(
        "upload of `{input}` to fal failed: {why}", "nothing was billed; run again later, or try one file on fal.ai"
    ),
    "download_failed": Message("can't download `{file}` from `{host}`: {why}", _PAID_HINT),
    "file_gone": Message(
        "the result `{file}` is no longer at `{host}`",
        "providers keep results for a limited time; `--resubmit` resends it (billed again)",
    ),
    "download_unsafe": Message(
        "the result's address at `{host}` is not a public https address, so it was not fetched",
        "only the address in NANO_BANANA_FAL_URL may be private",
    ),
    "download_too_big": Message(
        "the result `{file}` at `{host}` is larger than {most} bytes, so it was not fetched",
        "ask for something smaller",
    ),
    "download_bomb": Message(
        "the result `{file}` has more than {most} pixels, so it was not decoded", "ask for a smaller picture"
    ),
    "download_unwritable": Message(
        "can't write a result to `{folder}`: {reason}", f"free some space and run again; {_PAID_HINT}"
    ),
    # The catalog of fal.
    "platform_denied": Message(
        "this fal key has no access to {what} (HTTP {status})", "use a key with scope API: fal.ai/dashboard/keys"
    ),
    "platform_odd": Message(
        "unexpected response from fal for {what} (HTTP {status})", "try again later; nothing was changed"
    ),
    "history_too_long": Message("fal's list of {what} doesn't end (after {pages} pages)", "ask for a shorter period"),
    "endpoint_unlisted": Message(
        "unknown endpoint `{name}`", "`nano-banana catalog refresh {name}` adds it, if fal has it"
    ),
    "endpoint_strange": Message("fal has no endpoint `{name}`", "IDs look like `fal-ai/flux-lora`"),
    "endpoint_vanished": Message(
        "fal no longer has `{endpoint}` (as of {as_of})", "results in the store stay; new calls will fail"
    ),
    "endpoint_deprecated": Message(
        "`{endpoint}` is deprecated at fal (as of {as_of})", "it still works; look for its successor"
    ),
    "listed_field_needed": Message(
        "`{endpoint}` now needs the field `{field}` (as of {as_of})",
        "run `nano-banana catalog refresh {endpoint}`, then add the field under `with`",
    ),
    "listed_field_gone": Message("`{endpoint}` no longer has the field `{field}` (as of {as_of})", _REFRESH_HINT),
    "listed_field_type": Message(
        "`{field}` of `{endpoint}` is now {after}, not {before} (as of {as_of})", _REFRESH_HINT
    ),
    "listed_field_range": Message(
        "`{field}` of `{endpoint}` allowed {before} and now allows {after} (as of {as_of})", _REFRESH_HINT
    ),
    "listed_field_choices": Message("`{field}` of `{endpoint}` is now one of {after} (as of {as_of})", _REFRESH_HINT),
    # the local provider
    "adapter_not_local": Message(
        "`{input}` is from another trainer",
        "the local provider only works with adapters that it trained; use `--provider fal` for this one",
    ),
    "adapter_broken": Message("the adapter `{input}` is damaged, or not a safetensors file", "train it again"),
    "invalid_archive": Message(
        "can't use the training archive `{input}`: {reason} {file}",
        "give a zip of pictures, with optional text captions next to them",
    ),
    "local_endpoint": Message(
        "the local provider doesn't know the endpoint `{name}`", "describe it in `endpoints/`, or use `--provider fal`"
    ),
    "local_task": Message(
        "the local provider can't do what `{name}` does",
        "it trains, draws, edits, inpaints, upscales and restores; use `--provider fal` for anything else",
    ),
    "local_input": Message("the input `{input}` is missing", "give it as a file; the local provider downloads nothing"),
    "local_argument": Message("invalid value {value!r} for `{name}`"),
    "local_size": Message(
        "{width} × {height} pixels is out of range for `{name}` ({least} to {most} per side)",
        "use a smaller or larger size",
    ),
    # the emulator
    "emulator_extra": Message(
        "the emulator needs `{module}`, which is not installed", f"`{install_command('emulator')}`"
    ),
    "emulator_port": Message("can't serve on port {port}: {reason}", "choose another with `--port` (0: any free one)"),
    "studio_extra": Message("the studio needs `{module}`, which is not installed", f"`{install_command('studio')}`"),
    "studio_port": Message("can't serve on port {port}: {reason}", "choose another with `--port` (0: any free one)"),
    "emulator_folder": Message("can't write to the folder {folder}: {reason}", "choose another with `--folder`"),
}
