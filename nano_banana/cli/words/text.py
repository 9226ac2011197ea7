"""The words for what can be wrong with a recipe's text and templates."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

_FILES: Mapping[str, Wording] = {
    "file_outside": Wording(
        "`{path}` lies outside of the recipe's project",
        "the project is the folder `{root}`; move the file into it",
    ),
    "file_missing": Wording("there is no file `{path}`", "paths count from the folder of the recipe, or of the pack"),
    "include_missing": Wording(
        "there is no file `{path}`", "an included file is looked for from the folder of the file that names it"
    ),
    "file_not_regular": Wording("`{path}` is not a file that can be read", "name a file, not a folder or a device"),
    "file_unreadable": Wording("`{path}` can't be read: {why}", "check its permissions"),
    "file_not_text": Wording("`{path}` is not UTF-8 text: see its line {line}", "save it as UTF-8"),
    "file_too_big": Wording("`{path}` is too big: {size} bytes, and at most {limit} are read"),
}

_YAML: Mapping[str, Wording] = {
    "recipe_empty": Wording("`{file}` is empty", "`nano-banana new` writes a recipe to begin with"),
    "recipe_not_mapping": Wording(
        "`{file}` is no mapping", "a recipe is made of lines such as `name: first-portraits`"
    ),
    "duplicate_key": Wording("the key `{name}` is here a second time", "the first is at {first}; keep one of them"),
    "yaml_tab": Wording("a tab begins this line", "indent with blanks; YAML forbids tabs there"),
    "yaml_indent": Wording(
        "this line does not fit the indentation above it", "give keys of one mapping the same number of blanks"
    ),
    "yaml_after_value": Wording(
        "something stands here that can't follow what is before it", "put quotes around the whole value"
    ),
    "yaml_colon": Wording("a colon is missing on this line", "write `key: value`, with a blank after the colon"),
    "yaml_extra_colon": Wording(
        "a colon that can't stand here", "put quotes around a text with `: ` in it, or check the indentation"
    ),
    "yaml_quote": Wording("the quote that begins here is never closed", "close it with another {character}"),
    "yaml_bracket": Wording(
        "what begins here with `{character}` is not written to its end",
        "separate its entries with commas, and close it",
    ),
    "yaml_braces": Wording("a template without quotes", 'put quotes around it: "{{{{ … }}}}"'),
    "yaml_first_character": Wording(
        "a value can't begin with `{character}` unless it has quotes", "put quotes around the value"
    ),
    "yaml_escape": Wording(
        "there is no such escape in a text with double quotes", r"write `\\` for a backslash, or use single quotes"
    ),
    "yaml_alias": Wording("there is no anchor `&{name}` above", "an alias `*{name}` repeats what `&{name}` marks"),
    "yaml_recursive": Wording("`*{name}` stands inside of what it repeats", "an alias can't hold itself"),
    "yaml_merge": Wording("`<<` merges mappings only", "give it an alias of a mapping, or a list of them"),
    "yaml_key": Wording("a key must be plain text"),
    "yaml_tag": Wording("the tag `{tag}` is not known here", "a recipe needs no tags; remove it"),
    "yaml_number": Wording("`{text}` is not a number that can be held", "put quotes around it if it is a text"),
    "yaml_character": Wording("the character {code} may not stand in YAML", "remove it; it is probably invisible"),
    "yaml_documents": Wording("a second document begins here", "one file holds one recipe; remove the `---`"),
    "yaml_too_many": Wording("more than {limit} values, aliases counted out", "no recipe needs that many"),
    "yaml_too_deep": Wording("more than {limit} levels inside one another", "no recipe needs that many"),
    "yaml_broken": Wording("this is not YAML: {message}"),
}

_LOADING: Mapping[str, Wording] = {
    "include_shape": Wording("`include` takes file names only", "write `include: [shared/axes.yaml]`"),
    "include_cycle": Wording("files include one another in a circle: {chain}", "take one of them out"),
    "include_too_many": Wording(
        "too much is included", "at most {files} files, {inside} inside one another, {values} values"
    ),
    "include_clash": Wording("`{name}` is said twice", "the other is at {other}; keep one of them"),
    "set_unknown": Wording(
        "`--set {name}=…` names no variable of the recipe", "only what is declared under `vars` can be set"
    ),
    "var_name": Wording(
        "`{name}` can't be a variable's name", "letters, digits and `_`, and no word that templates use themselves"
    ),
    "var_cycle": Wording("variables need one another in a circle: {chain}"),
    "var_chain": Wording("more than {limit} variables need one another in a row"),
    "var_too_big": Wording("the variable `{name}` holds more than {limit} values"),
    "too_many_templates": Wording(
        "more than {limit} texts are rendered when this recipe is loaded, or they are too long",
        "prompts belong under `templates`; those are not counted",
    ),
    "env_missing": Wording(
        "the environment variable `{name}` is not set", "set it, or write `env.{name} | default('…')`"
    ),
    "env_not_allowed": Wording(
        "the recipe reads the environment variable `{name}`, which you have not allowed",
        "if you trust the recipe with it: `--allow-env {name}`, or `nano-banana config set allow_env {name}`",
    ),
    "env_secret": Wording(
        "the environment variable `{name}` holds a key of fal's", "no recipe may read it; the program finds it itself"
    ),
}

_TEMPLATES: Mapping[str, Wording] = {
    "template_syntax": Wording("the template can't be read: {message}"),
    "template_name": Wording("nothing here is called `{name}`"),
    "template_field": Wording("`{owner}` has no `{name}`"),
    "template_filter": Wording("there is no filter `{name}` for templates"),
    "template_test": Wording("there is no test `{name}` for templates"),
    "template_failed": Wording("the template fails here: {message}"),
    "template_not_text": Wording("{what} can't be written into a text", "join a list: `| join(', ')`"),
    "template_not_unicode": Wording(
        "the text holds `{what}`, which is half a character", "see that the variable it comes from is UTF-8"
    ),
    "template_not_value": Wording("this comes to nothing that a recipe can hold", "take a part of it, or join it"),
    "template_forbidden": Wording("templates can't use {what}"),
    "template_include_cycle": Wording("templates include one another in a circle: {chain}"),
    "template_include_too_deep": Wording("more than {limit} template files inside one another"),
    "template_too_deep": Wording("the template is nested too deeply", "at most {limit} levels"),
    "template_too_long_running": Wording("the template does not come to an end", "it may take {limit} steps"),
    "template_source_too_long": Wording("the template is too long: {size} characters", "at most {limit}"),
    "template_too_many_parts": Wording("the template has too many parts", "at most {limit}"),
    "template_output_too_long": Wording("the template writes too much", "at most {limit} characters"),
    "template_number_too_big": Wording("a number grows too big here", "the limit is {limit}"),
    "template_list_too_long": Wording("a list grows too long here", "at most {limit} values, long texts count more"),
}

WORDS: Mapping[str, Wording] = {**_FILES, **_YAML, **_LOADING, **_TEMPLATES}
