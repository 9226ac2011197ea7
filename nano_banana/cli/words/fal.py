"""The words for what fal says, and for requests whose end is not known."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

AGAIN = "`--resubmit` buys it again, `--abandon` gives it up"

WORDS: Mapping[str, Wording] = {
    "no_key": Wording(
        "there is no fal key",
        "set FAL_KEY, or FAL_KEY_ID and FAL_KEY_SECRET, or run `nano-banana config set-key`;"
        " `--provider local` needs none",
    ),
    "fal_key_refused": Wording(
        "fal does not know the key ({status}: {said})", "look at `nano-banana config show`; keys are made at fal.ai"
    ),
    "fal_forbidden": Wording(
        "fal refuses the account or the key ({status}: {said})", "look at your balance and the key's scope at fal.ai"
    ),
    "fal_balance": Wording("the balance at fal does not suffice ({status}: {said})", "top it up, then run again"),
    "endpoint_gone": Wording(
        "fal has no `{endpoint}` ({status}: {said})", "`nano-banana check --online` says what changed"
    ),
    "endpoint_unnamed": Wording("`{endpoint}` can't be asked for at fal", "ids look like `fal-ai/flux-lora`"),
    "fal_certificate": Wording(
        "the certificate that came from `{what}` is not trusted", "behind a proxy, or an emulator: set SSL_CERT_FILE"
    ),
    "certificates_unreadable": Wording(
        "the certificates to trust can't be read ({why})", "look at {names}: `nano-banana emulate` prints its ca.pem"
    ),
    "proxy_unusable": Wording(
        "the proxy in {name} can't be used ({why})",
        "it is written `http://HOST:PORT` or `socks5://HOST:PORT`; without the variable, no proxy is used",
    ),
    "fal_unreachable": Wording(
        "{host} could not be reached for `{what}` ({why})", "nothing that was accepted is lost: run again later"
    ),
    "fal_busy": Wording("fal was too busy for `{what}` ({status})", "run again later; `limits.rate` asks more slowly"),
    "fal_failed": Wording("`{endpoint}` failed at fal ({type}: {said})", "failures of fal's are not billed: run again"),
    "content_refused": Wording("`{endpoint}` refused the content ({said})", "change the prompt, or the pictures"),
    "nothing_generated": Wording("`{endpoint}` made no picture ({said})", "change the prompt or the seed"),
    "no_face_found": Wording("`{endpoint}` found no face ({said})"),
    "request_cancelled": Wording("the request was cancelled at fal"),
    "request_refused": Wording("`{endpoint}` refused the request ({type}: {said})"),
    "argument_refused": Wording("`{endpoint}` refused `{field}` ({type}: {said})"),
    "file_not_loaded": Wording("`{endpoint}` could not load a file that was uploaded ({said})"),
    "result_unreadable": Wording(
        "the result of `{endpoint}` can't be read", "it stays at fal: the next run asks for it again, and buys nothing"
    ),
    "result_withheld": Wording(
        "the result of `{what}` could not be fetched: something on the way answered {status}",
        "it stays at fal: the next run asks for it again, and buys nothing",
    ),
    "result_redirected": Wording(
        "the result of `{endpoint}` was not fetched: it is said to be at {host}, which is not fal ({status})",
        "it stays at fal: the next run asks for it again, and buys nothing",
    ),
    "result_unusable": Wording(
        "`{endpoint}` answered without `{wanted}`: this version can't read its result ({said})",
        "it was billed, and is kept: a newer version may read it; `--resubmit` buys it again",
    ),
    "billed_before": Wording(
        "this very request to `{endpoint}` failed before, and was billed ({reason})",
        "change the prompt or the seed; `--resubmit` buys it again",
    ),
    "unsafe_picture": Wording(
        "the safety checker of `{endpoint}` blacked the picture out", "change the prompt or the seed; it was billed"
    ),
    "unsafe_picture_before": Wording(
        "the safety checker of `{endpoint}` blacked this very picture out before, which was billed",
        "change the prompt or the seed; `--resubmit` buys it again",
    ),
    "request_unknown": Wording(
        "a request to `{endpoint}` was sent and its answer lost: fal may have it, but its history could not tell",
        "it lists what has ended, to keys that may read it: run again later, which looks again. What is not there after"
        f" 15 minutes or more never arrived, and is sent again if it is cheap (`limits.resend_unknown`); else {AGAIN}",
    ),
    "seed_unlike": Wording("`{endpoint}` drew from seed {used}, not from {asked} as asked (said once)"),
    "size_unlike": Wording("`{endpoint}` made a picture of {used}, not of {asked} as asked (said once)"),
    "request_id_shared": Wording(
        "fal accepted a request to `{endpoint}` under the id of another one ({request}), so its result can't be told",
        "the next run looks for it in fal's history",
    ),
    "status_unreadable": Wording(
        "what fal says of a request to `{endpoint}` can't be read", "it stays at fal: the next run asks again"
    ),
    "request_elsewhere": Wording(
        "request {request} to `{endpoint}` was sent to {service}, which alone knows what became of it",
        "run again with `fal_url` as it was then",
    ),
    "result_gone": Wording(
        "fal has no result of request {request} to `{endpoint}` any more", f"it was billed if it was done; {AGAIN}"
    ),
    "request_ended": Wording("the request to `{endpoint}` that was to be collected has ended already"),
    "request_abandoned": Wording("its lost request was given up", "the next run makes it anew, and pays for it"),
}
