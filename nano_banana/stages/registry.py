"""Every kind of stage, by its verb."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.stages import call, choose, enhancing, gate, generate, inpaint, mark, train
from nano_banana.stages import open as opening
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
