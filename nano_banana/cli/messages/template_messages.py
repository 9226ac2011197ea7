"""What can be wrong with YAML, includes, templates and packs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

MESSAGES: Mapping[str, Message] = {
    # files
    "file_outside": Message(
        "`{path}` is outside the recipe's project", "the project is the folder `{root}`; move the file into it"
    ),
    "file_missing": Message("file `{path}` not found", "paths are relative to the recipe's or the pack's folder"),
    "include_missing": Message(
        "included file `{path}` not found", "its path is relative to the folder of the file that includes it"
    ),
    "file_not_regular": Message("`{path}` is not a regular file", "give a file, not a folder or a device"),
    "file_unreadable": Message("can't read `{path}`: {why}", "check its permissions"),
    "file_not_text": Message("`{path}` is not UTF-8 text: see line {line}", "save it as UTF-8"),
    "file_too_big": Message("`{path}` is too big: {size} bytes (at most {limit})"),
    # YAML
    "recipe_empty": Message("`{file}` is empty", "`nano-banana new` writes a recipe to start with"),
    "recipe_not_mapping": Message(
        "`{file}` is not a YAML mapping", "a recipe consists of lines such as `name: first-portraits`"
    ),
    "duplicate_key": Message("duplicate key `{name}`", "the first is at {first}; remove one of them"),
    "yaml_tab": Message("this line starts with a tab", "indent with spaces; YAML doesn't allow tabs"),
    "yaml_indent": Message(
        "this line doesn't fit the indentation above it", "indent all keys of a mapping by the same number of spaces"
    ),
    "yaml_after_value": Message("unexpected text after the value", "put quotes around the whole value"),
    "yaml_colon": Message("this line has no colon", "write `key: value`, with a space after the colon"),
    "yaml_extra_colon": Message("unexpected colon", "put quotes around text with `: ` in it, or check the indentation"),
    "yaml_quote": Message("unclosed quote", "close it with another {character}"),
    "yaml_bracket": Message("unclosed `{character}`", "separate the entries with commas, and close it"),
    "yaml_braces": Message("template without quotes", 'put quotes around it: "{{{{ … }}}}"'),
    "yaml_first_character": Message(
        "a value can't start with `{character}` unless it has quotes", "put quotes around the value"
    ),
    "yaml_escape": Message("invalid escape in double quotes", r"write `\\` for a backslash, or use single quotes"),
    "yaml_alias": Message("no anchor `&{name}` above", "an alias `*{name}` repeats the value marked `&{name}`"),
    "yaml_recursive": Message("alias `*{name}` contains itself", "an alias can't contain itself"),
    "yaml_merge": Message("`<<` only merges mappings", "give it an alias of a mapping, or a list of them"),
    "yaml_key": Message("a key must be plain text"),
    "yaml_tag": Message("unknown tag `{tag}`", "remove the tag"),
    "yaml_number": Message("`{text}` is not a valid number", "put quotes around it if it is text"),
    "yaml_character": Message("YAML doesn't allow the character {code}", "remove it; it's probably invisible"),
    "yaml_documents": Message("a second document starts here", "a file contains one document; remove the `---`"),
    "yaml_too_many": Message("more than {limit} values (with aliases expanded)", "split the file"),
    "yaml_too_deep": Message("more than {limit} levels of nesting", "write it with fewer levels"),
    "yaml_broken": Message("invalid YAML: {message}"),
    "yaml_uneditable": Message("the form of `{file}` is too unusual to be changed here", "change it by hand"),
    # includes and variables
    "include_shape": Message("`include` takes file names only", "write `include: [shared/axes.yaml]`"),
    "include_cycle": Message("circular include: {chain}", "remove one of them"),
    "include_too_many": Message(
        "too many included files or values", "at most {files} files, {inside} levels deep, {values} values"
    ),
    "include_clash": Message("`{name}` is defined twice", "the other is at {other}; remove one of them"),
    "set_unknown": Message("`--set {name}=…` sets an unknown variable", "only names under `vars` can be set"),
    "var_name": Message(
        "invalid variable name `{name}`", "use letters, digits and `_`, and no word reserved for templates"
    ),
    "var_cycle": Message("circular variables: {chain}"),
    "var_chain": Message("more than {limit} variables depend on one another in a row"),
    "var_too_big": Message("the variable `{name}` contains more than {limit} values"),
    "too_many_templates": Message(
        "this recipe renders more than {limit} templates while loading, or they are too long",
        "put prompts under `templates`, which aren't counted",
    ),
    "env_missing": Message(
        "the environment variable `{name}` is not set", "set it, or write `env.{name} | default('…')`"
    ),
    "env_not_allowed": Message(
        "the recipe reads the environment variable `{name}`, which you haven't allowed",
        "if you trust the recipe: `--allow-env {name}`, or `nano-banana config set allow_env {name}`",
    ),
    "env_secret": Message(
        "the environment variable `{name}` contains a fal key", "recipes can't read it; the program uses it by itself"
    ),
    # templates
    "template_syntax": Message("template syntax error: {message}"),
    "template_name": Message("unknown name `{name}`"),
    "template_field": Message("`{owner}` has no `{name}`"),
    "template_filter": Message("unknown template filter `{name}`", "filters: {choices}"),
    "template_test": Message("unknown template test `{name}`", "tests: {choices}"),
    "template_failed": Message("the template fails here: {message}"),
    "template_not_text": Message("{what} can't be written as text", "join a list: `| join(', ')`"),
    "template_not_unicode": Message(
        "the text contains `{what}`, which is not a whole character", "check that the variable is UTF-8"
    ),
    "template_not_value": Message(
        "this gives no value that a recipe can contain", "use a part of it, or join it as text"
    ),
    "template_forbidden": Message("templates can't use {what}", "{instead}"),
    "template_include_cycle": Message("circular template include: {chain}"),
    "template_include_too_deep": Message("more than {limit} levels of template includes"),
    "template_too_deep": Message("the template is nested too deeply", "at most {limit} levels"),
    "template_too_much_work": Message(
        "the texts that are rendered when the recipe is loaded are too long altogether",
        "move prompts to `templates`; those don't count",
    ),
    "template_source_too_long": Message("the template is too long: {size} characters", "at most {limit}"),
    "template_too_many_parts": Message("the template has too many parts", "at most {limit}, with included files"),
    "template_output_too_long": Message("the template's text is too long", "at most {limit} characters"),
    # packs
    "pack_not_mapping": Message("`{file}` is not a pack file", "start it with `nano_banana_pack: 1`"),
    "pack_misnamed": Message("the pack is called `{name}`, but its folder `{folder}`", "give both the same name"),
    "bad_version": Message("`{name}` is not a version", 'write three numbers, such as "1.0.0"'),
    "pack_only_for": Message("`{word}` is for variables of type {type}; `{name}` has another type"),
    "pack_no_choices": Message("the choice `{name}` has no choices", "list them: `choices: [wood, stone]`"),
    "pack_choice": Message("invalid value `{value}` for `{name}`", "choose from: {choices}"),
    "pack_range": Message("`{name}` is {value}, which is out of range", "allowed: {low}–{high}"),
    "pack_value": Message("invalid value `{value}` for `{name}`, which has type {type}", "such as {example}"),
    "pack_crop": Message("the variable `crop` has no choice `{name}`", "available: {known}"),
    "pack_path_outside": Message("`{path}` is outside the pack", "put the file into the folder `{root}`"),
    "pack_no_prompt": Message("`{file}` is not a prompt", "a prompt is a text file, such as `portrait.j2`"),
    "preview_suffix": Message("`{file}` doesn't have a picture suffix", "a preview is a .jpg, .png or .webp"),
    "pack_no_picture": Message("`{file}` is not a picture", "a preview is a .jpg, .png or .webp"),
    "no_pack_template": Message("the pack `{pack}` has no template `{name}`", "available: {known}"),
    "no_template_named": Message("`{pack}` is a pack, not a template", "its templates: {known}"),
    "no_pack_variable": Message("`{template}` has no variable `{name}`", "available: {known}"),
    "pack_value_idle": Message("`{template}` doesn't use `{name}`", "remove it; it has no effect"),
    "pack_variable_idle": Message(
        "the prompt of `{template}` doesn't use its variable `{name}`", "use it in the prompt, or remove it"
    ),
    "pack_of_one": Message(
        "shot `{shot}` shows several people, but the pack template `{template}` is for one person",
        "show one person per picture (`cast: [ana, ben]`), or write a template for several",
    ),
    "pack_version": Message(
        "the pack `{pack}` has version {version}, but `{wanted}` is needed",
        "put that version into `packs/`, or change what the recipe needs",
    ),
    "pack_bounds": Message("`{wanted}` is not a version range", 'write it like this: ">=1.2,<2"'),
    "pack_noun": Message(
        "`{template}` is made for {nouns}, but the noun of `{subject}` is `{noun}`",
        "try a few takes first: `--sample 2`",
    ),
    "pack_crop_unsuited": Message("`{template}` doesn't support the crop `{crop}`", "supported: {crops}"),
    "no_such_pack": Message(
        "unknown pack `{name}`",
        "available: {known}; `nano-banana packs list` describes them; write a folder as `./{name}`",
    ),
    "pack_no_trigger": Message(
        "a prompt of `{template}` lacks the trigger", "start it with `{{{{ subject.trigger }}}}`"
    ),
    "pack_faulty": Message("can't preview `{template}`"),
    "no_preview": Message("`{template}` has no preview picture", "`--photos DIR` generates one"),
    "preview_of_nothing": Message("nothing to preview", "name a template, or pass `--html packs.html`"),
    "pack_there_already": Message("{folder} already exists", "choose another name for the pack"),
    "pack_would_replace": Message(
        "{folder} already exists ({before}) and would be replaced with version {version}",
        "pass `--force` to replace it",
    ),
    "pack_source_missing": Message("file or folder {path} not found"),
    "unreadable_pack": Message("can't read {pack}: {why}"),
    "no_pack_in": Message("no pack found in {source}", "a pack is a folder with a `{file}`"),
    "packs_in": Message("{source} contains several packs: {names}", "name one of them, such as {first}"),
    "pack_not_zip": Message(
        "{file} is not a readable zip file", "give a folder, or an undamaged zip without a password"
    ),
    "pack_outside": Message(
        "unsafe file name `{file}` in {pack}", "nothing was added; pack it again without that file"
    ),
    "pack_link": Message(
        "`{file}` in {pack} is not a regular file", "links and devices are refused; include the file itself"
    ),
    "pack_file_kind": Message(
        "`{file}` in {pack} is not a text or picture file",
        "a pack contains .yaml, .j2, .txt, .md, .jpg, .png and .webp files",
    ),
    "pack_too_big": Message(
        "`{file}` in {pack} exceeds a limit", "at most {files} files, {each} bytes each and {size} bytes together"
    ),
    "locked_pack": Message(
        "the pack `{pack}` is not the locked one (lock: version {locked}; here: {given})",
        "put the locked pack back into `packs/`; to accept this, run once without `--locked`, which rewrites the lock",
    ),
}
