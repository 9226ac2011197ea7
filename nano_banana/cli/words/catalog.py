"""The words of the catalog's problems: endpoints and their arguments."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "field_unknown": Wording("`{endpoint}` has no field `{field}`", ""),
    "no_negative_prompt": Wording(
        "`{endpoint}` has no negative prompt",
        "say in the prompt what the picture shows, or use an endpoint with one, such as fal-ai/flux-general/inpainting",
    ),
    "field_type": Wording("`{field}` of `{endpoint}` must be of type {wants}, not {found}", ""),
    "field_range": Wording("{value} is out of range for `{field}` of `{endpoint}`", "allowed: {range}"),
    "field_choice": Wording("`{found}` is no value of `{field}` of `{endpoint}`", "one of {choices}"),
    "field_needs_quotes": Wording("`{field}` of `{endpoint}` takes {found} as a string", 'write it as "{found}"'),
    "field_missing": Wording("`{endpoint}` needs the field `{field}`", "give it under `with`"),
    "field_is_ours": Wording(
        "`{field}` of `{endpoint}` is set by the runner",
        "leave it out: one request makes one picture, and stages hand over files, adapters, prompts and seeds",
    ),
    "size_shape": Wording(
        "`{field}` of `{endpoint}` must be a named size or width and height in pixels",
        "for example portrait_4_3, or {{width: 880, height: 1104}}",
    ),
    "size_range": Wording(
        "{side} {value} is out of range for `{field}` of `{endpoint}`", "whole pixels, allowed: {range}"
    ),
    "size_multiple": Wording(
        "{side} {value} of `{field}` is no multiple of {multiple}", "the service may round it and so change the picture"
    ),
    "adapter_shape": Wording("an adapter of `{endpoint}` is {{path, scale}}: a string and a number", ""),
    "adapters_too_many": Wording("{count} adapters are too many for `{endpoint}`", "it takes {most} at most"),
    "list_too_long": Wording("`{field}` of `{endpoint}` has {count} items", "it takes {most} at most"),
    "endpoint_unreadable": Wording("this endpoint file can't be read ({says})", "it must be a readable UTF-8 file"),
    "endpoint_too_large": Wording(
        "this endpoint file is too large", "an endpoint takes {most} characters or nodes at most"
    ),
    "endpoint_yaml": Wording("this is no valid YAML: {says}", ""),
    "endpoint_recursive": Wording("this alias holds itself", ""),
    "endpoint_key_shape": Wording("a key must be a plain string", "quote it"),
    "endpoint_key_twice": Wording("the key `{name}` is there twice", "remove one of them"),
    "endpoint_key_unknown": Wording("unknown key `{name}` in {where}", ""),
    "endpoint_key_missing": Wording("the key `{name}` is missing in {where}", ""),
    "endpoint_choice": Wording("`{found}` is no choice for {where}", "choices: {choices}"),
    "endpoint_value": Wording("{found} does not fit {where}", "{about}"),
    "endpoint_range_empty": Wording("minimum {minimum} of `{field}` is above its maximum {maximum}", ""),
    "endpoint_default": Wording("the default `{default}` does not fit the field `{field}`", ""),
    "endpoint_field_unknown": Wording("`{where}.{role}` names the field `{field}`, which is not among `fields`", ""),
    "endpoint_twice": Wording("the endpoint `{endpoint}` is described twice", "first in {first}; remove one of them"),
}
