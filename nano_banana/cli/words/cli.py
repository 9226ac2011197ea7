"""The words for the command line itself, and for our own bugs."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "resubmit_and_abandon": Wording("`--resubmit` and `--abandon` contradict each other", "give one of them"),
    "no_such_command": Wording("there is no command `{name}`", "`{program} --help` lists the commands"),
    "no_such_option": Wording("`{program}` has no option `{name}`", "`{program} --help` lists the options"),
    "usage": Wording("{message}", "`{program} --help` says how it is used"),
    "stopped": Wording("stopped", "what was made is kept; the same command goes on from here"),
    "new_stopped": Wording("stopped; no recipe was written", "flags answer ahead: `nano-banana new --help`"),
    "broken_file": Wording("can't open {file}: {why}"),
    "bug": Wording("this is a bug in nano-banana: {what}", "please report it with {report}, which holds no key"),
    "bug_unwritten": Wording("this is a bug in nano-banana: {what}", "NANO_BANANA_DEBUG=1 shows where it happened"),
    "stdout_unwritable": Wording(
        "can't write to stdout: {why}", "the output is lost or cut short; what a run made is kept"
    ),
    "no_working_folder": Wording("the folder you are in doesn't exist any more", "`cd` to a folder that exists"),
    "no_home": Wording("there is no home folder to keep {file} in", "set HOME to a folder that you can write to"),
    "too_many_open_files": Wording("too many open files", "close other programs, or raise the limit (`ulimit -n`)"),
    "no_more_threads": Wording("this machine lets the program start no more threads", "raise the limit: `ulimit -u`"),
    "no_temporary_folder": Wording(
        "no temporary folder can be written to, neither {folder} nor another", "free some space, or set TMPDIR"
    ),
    "too_few_open_files": Wording(
        "only {limit} files may be open at once, and a run needs {wanted}",
        "raise the limit: `ulimit -n 1024`, or where it is set (limits.conf, LimitNOFILE)",
    ),
    "file_unusable": Wording("can't use {file}: {why}"),
    "out_of_memory": Wording("this machine has too little memory for that"),
    "no_such_schema_file": Wording("{file} is not part of this installation", "install nano-banana again"),
    "unwritable": Wording("can't write {file}: {why}"),
    "already_there": Wording("{file} is there already", "`--force` writes over it"),
    "not_a_name": Wording("`{name}` can't be a name", "use small letters, digits, `-` and `_`, a letter first"),
    "no_such_photos": Wording("there is no folder {folder}", "`--photos` takes the folder with the subject's photos"),
    "no_recipe": Wording("there is no recipe `{path}`", "`nano-banana new` begins one"),
    "set_without_value": Wording("`--set {given}` sets nothing", "write `--set name=value`"),
}
