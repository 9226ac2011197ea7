"""What can be wrong with YAML, includes, templates and packs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.diagnostics import Message

_FILE_TEXT: Mapping[str, Message] = {
    "file_outside": Message(
        "`{path}` lies outside of the recipe's project",
        "the project is the folder `{root}`; move the file into it",
    ),
    "file_missing": Message("there is no file `{path}`", "paths count from the folder of the recipe, or of the pack"),
    "include_missing": Message(
        "there is no file `{path}`", "an included file is looked for from the folder of the file that names it"
    ),
    "file_not_regular": Message("`{path}` is not a file that can be read", "name a file, not a folder or a device"),
    "file_unreadable": Message("`{path}` can't be read: {why}", "check its permissions"),
    "file_not_text": Message("`{path}` is not UTF-8 text: see its line {line}", "save it as UTF-8"),
    "file_too_big": Message("`{path}` is too big: {size} bytes, and at most {limit} are read"),
}

_YAML_TEXT: Mapping[str, Message] = {
    "recipe_empty": Message("`{file}` is empty", "`nano-banana new` writes a recipe to begin with"),
    "recipe_not_mapping": Message(
        "`{file}` is no mapping", "a recipe is made of lines such as `name: first-portraits`"
    ),
    "duplicate_key": Message("the key `{name}` is here a second time", "the first is at {first}; keep one of them"),
    "yaml_tab": Message("a tab begins this line", "indent with blanks; YAML forbids tabs there"),
    "yaml_indent": Message(
        "this line does not fit the indentation above it", "give keys of one mapping the same number of blanks"
    ),
    "yaml_after_value": Message(
        "something stands here that can't follow what is before it", "put quotes around the whole value"
    ),
    "yaml_colon": Message("a colon is missing on this line", "write `key: value`, with a blank after the colon"),
    "yaml_extra_colon": Message(
        "a colon that can't stand here", "put quotes around a text with `: ` in it, or check the indentation"
    ),
    "yaml_quote": Message("the quote that begins here is never closed", "close it with another {character}"),
    "yaml_bracket": Message(
        "what begins here with `{character}` is not written to its end",
        "separate its entries with commas, and close it",
    ),
    "yaml_braces": Message("a template without quotes", 'put quotes around it: "{{{{ … }}}}"'),
    "yaml_first_character": Message(
        "a value can't begin with `{character}` unless it has quotes", "put quotes around the value"
    ),
    "yaml_escape": Message(
        "there is no such escape in a text with double quotes", r"write `\\` for a backslash, or use single quotes"
    ),
    "yaml_alias": Message("there is no anchor `&{name}` above", "an alias `*{name}` repeats what `&{name}` marks"),
    "yaml_recursive": Message("`*{name}` stands inside of what it repeats", "an alias can't hold itself"),
    "yaml_merge": Message("`<<` merges mappings only", "give it an alias of a mapping, or a list of them"),
    "yaml_key": Message("a key must be plain text"),
    "yaml_tag": Message("the tag `{tag}` is not known here", "remove the tag"),
    "yaml_number": Message("`{text}` is not a number that can be held", "put quotes around it if it is a text"),
    "yaml_character": Message("the character {code} may not stand in YAML", "remove it; it is probably invisible"),
    "yaml_documents": Message("a second document begins here", "a file holds one document; remove the `---`"),
    "yaml_too_many": Message("more than {limit} values, counting each use of an alias", "split the file"),
    "yaml_too_deep": Message("more than {limit} levels of nesting", "write it with fewer levels"),
    "yaml_broken": Message("this is not YAML: {message}"),
}

_LOADING_TEXT: Mapping[str, Message] = {
    "include_shape": Message("`include` takes file names only", "write `include: [shared/axes.yaml]`"),
    "include_cycle": Message("files include one another in a circle: {chain}", "take one of them out"),
    "include_too_many": Message(
        "too much is included", "at most {files} files, {inside} inside one another, {values} values"
    ),
    "include_clash": Message("`{name}` is said twice", "the other is at {other}; keep one of them"),
    "set_unknown": Message(
        "`--set {name}=…` names no variable of the recipe", "only what is declared under `vars` can be set"
    ),
    "var_name": Message(
        "`{name}` can't be a variable's name", "letters, digits and `_`, and no word that templates use themselves"
    ),
    "var_cycle": Message("variables need one another in a circle: {chain}"),
    "var_chain": Message("more than {limit} variables need one another in a row"),
    "var_too_big": Message("the variable `{name}` holds more than {limit} values"),
    "too_many_templates": Message(
        "more than {limit} texts are rendered when this recipe is loaded, or they are too long",
        "prompts belong under `templates`; those are not counted",
    ),
    "env_missing": Message(
        "the environment variable `{name}` is not set", "set it, or write `env.{name} | default('…')`"
    ),
    "env_not_allowed": Message(
        "the recipe reads the environment variable `{name}`, which you have not allowed",
        "if you trust the recipe with it: `--allow-env {name}`, or `nano-banana config set allow_env {name}`",
    ),
    "env_secret": Message(
        "the environment variable `{name}` holds a key of fal's", "no recipe may read it; the program finds it itself"
    ),
}

_TEMPLATE_TEXT: Mapping[str, Message] = {
    "template_syntax": Message("the template can't be read: {message}"),
    "template_name": Message("nothing here is called `{name}`"),
    "template_field": Message("`{owner}` has no `{name}`"),
    "template_filter": Message("there is no filter `{name}` for templates"),
    "template_test": Message("there is no test `{name}` for templates"),
    "template_failed": Message("the template fails here: {message}"),
    "template_not_text": Message("{what} can't be written into a text", "join a list: `| join(', ')`"),
    "template_not_unicode": Message(
        "the text holds `{what}`, which is half a character", "see that the variable it comes from is UTF-8"
    ),
    "template_not_value": Message("this comes to nothing that a recipe can hold", "take a part of it, or join it"),
    "template_forbidden": Message("templates can't use {what}"),
    "template_include_cycle": Message("templates include one another in a circle: {chain}"),
    "template_include_too_deep": Message("more than {limit} template files inside one another"),
    "template_too_deep": Message("the template is nested too deeply", "at most {limit} levels"),
    "template_too_long_running": Message("the template does not come to an end", "it may take {limit} steps"),
    "template_source_too_long": Message("the template is too long: {size} characters", "at most {limit}"),
    "template_too_many_parts": Message("the template has too many parts", "at most {limit}"),
    "template_output_too_long": Message("the template writes too much", "at most {limit} characters"),
    "template_number_too_big": Message("a number grows too big here", "the limit is {limit}"),
    "template_list_too_long": Message("a list grows too long here", "at most {limit} values, long texts count more"),
}

TEXT_MESSAGES: Mapping[str, Message] = {**_FILE_TEXT, **_YAML_TEXT, **_LOADING_TEXT, **_TEMPLATE_TEXT}


PACK_MESSAGES: Mapping[str, Message] = {
    "pack_not_mapping": Message("`{file}` says nothing of a pack", "begin it with `nano_banana_pack: 1`"),
    "pack_misnamed": Message("the pack is called `{name}`, and its folder `{folder}`", "give both the same name"),
    "bad_version": Message("`{name}` is no version", 'three numbers, such as "1.0.0"'),
    "pack_only_for": Message("`{word}` is of variables of type {type}, and `{name}` is of another"),
    "pack_no_choices": Message("the choice `{name}` has nothing to choose from", "list them: `choices: [wood, stone]`"),
    "pack_choice": Message("`{value}` is no choice for `{name}`", "choices: {choices}"),
    "pack_range": Message("`{name}` is {value}, out of its range", "allowed: {low}–{high}"),
    "pack_value": Message("`{value}` is no value for `{name}`, which is of type {type}", "such as {example}"),
    "pack_crop": Message("there is no choice `{name}` of the variable `crop`", "known: {known}"),
    "pack_path_outside": Message("`{path}` lies outside of the pack", "put the file into the folder `{root}`"),
    "pack_no_prompt": Message("`{file}` is no prompt", "a prompt is a text file, such as `portrait.j2`"),
    "preview_suffix": Message("`{file}` has no suffix of a picture", "a preview is a .jpg, .png or .webp"),
    "pack_no_picture": Message("`{file}` is no picture", "a preview is a .jpg, .png or .webp"),
    "no_pack_template": Message("the pack `{pack}` has no template `{name}`", "it has: {known}"),
    "no_template_named": Message("`{pack}` is a pack, and no template of it is named", "it has: {known}"),
    "not_multiple": Message("{name} is {value}, and must be a multiple of {limit}", "{about}"),
    "no_pack_variable": Message("`{template}` has no variable `{name}`", "it has: {known}"),
    "pack_value_idle": Message("`{template}` never says `{name}`", "leave it out: it changes nothing"),
    "pack_variable_idle": Message(
        "the prompt of `{template}` never says its variable `{name}`", "write it into the prompt, or take it out"
    ),
    "pack_of_one": Message(
        "shot `{shot}` shows several people, and the pack's template `{template}` is for a picture of one",
        "take them in turn, `cast: [ana, ben]`, or write a template for several",
    ),
    "pack_version": Message(
        "the pack `{pack}` is of version {version}, and `{wanted}` is wanted",
        "put the other version into `packs/`, or change what is wanted",
    ),
    "pack_bounds": Message("`{wanted}` says no versions", 'write them so: ">=1.2,<2"'),
    "pack_noun": Message(
        "`{template}` is made for {nouns}, and `{subject}` is called `{noun}`",
        "look at a few takes first: `--sample 2`",
    ),
    "pack_crop_unsuited": Message("`{template}` is not good at `{crop}`", "it is at: {crops}"),
    "no_such_pack": Message(
        "there is no pack `{name}`",
        "known: {known}; `nano-banana packs list` says more, a folder is written `./{name}`",
    ),
    "pack_no_trigger": Message(
        "a prompt of `{template}` does not say the trigger", "begin it with `{{{{ subject.trigger }}}}`"
    ),
    "pack_faulty": Message("`{template}` can't be previewed"),
    "no_preview": Message("`{template}` has no picture", "`--photos DIR` makes one"),
    "preview_of_nothing": Message("there is nothing to preview", "name a template, or say `--html packs.html`"),
    "pack_there_already": Message("{folder} is there already", "give the pack another name"),
    "pack_would_replace": Message(
        "{folder} is there already ({before}), and would be replaced with version {version}", "`--force` replaces it"
    ),
    "pack_source_missing": Message("there is no file or folder {path}"),
    "unreadable_pack": Message("can't read {pack}: {why}"),
    "no_pack_in": Message("there is no pack in {source}", "a pack is a folder with a `{file}`"),
    "packs_in": Message("there are several packs in {source}: {names}", "name one of them, such as {first}"),
    "pack_not_zip": Message("{file} is no zip that can be read", "take a folder or a sound, unlocked zip"),
    "pack_outside": Message(
        "`{file}` in {pack} leads out of it, or is no name that every system takes",
        "nothing was kept; pack it again without that file",
    ),
    "pack_link": Message(
        "`{file}` in {pack} is no plain file", "links and devices are refused: put the file itself there"
    ),
    "pack_file_kind": Message(
        "`{file}` in {pack} is neither a text nor a picture", "a pack holds .yaml, .j2, .txt, .md, .jpg, .png and .webp"
    ),
    "pack_too_big": Message(
        "`{file}` in {pack} is too much", "at most {files} files, {each} bytes each and {size} bytes together"
    ),
    "locked_pack": Message(
        "the pack `{pack}` is not the locked one (version {locked} in the lock, {given} here)",
        "put the pack of the lock back into `packs/`; "
        "if that is meant, run once without `--locked`, which writes the lock anew",
    ),
}
