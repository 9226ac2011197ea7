"""Every kind of stage, by its verb."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.stages import call
from nano_banana.stages import choose
from nano_banana.stages import enhancing
from nano_banana.stages import gate
from nano_banana.stages import generate
from nano_banana.stages import inpaint
from nano_banana.stages import mark
from nano_banana.stages import open as opening
from nano_banana.stages import train
from nano_banana.stages.kind import Kind

KINDS: Mapping[str, Kind] = {
    kind.verb: kind
    for kind in (
        train.KIND,
        generate.KIND,
        opening.KIND,
        inpaint.KIND,
        gate.KIND,
        choose.KIND,
        enhancing.UPSCALE,
        enhancing.RESTORE,
        mark.KIND,
        call.KIND,
    )
}
