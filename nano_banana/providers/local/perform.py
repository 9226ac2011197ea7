"""The door to a worker process: one function for each kind of endpoint."""

from __future__ import annotations

from nano_banana.providers.local.job import Job, Result


def perform(job: Job) -> Result:
    """Do the job. Pure: the same job and the same bytes in its files give the same result. Raises CallFailed."""
    # Here, not above: the asking process never loads Pillow, numpy or OpenCV.
    from nano_banana.providers.local.draw import edit, generate
    from nano_banana.providers.local.restore import restore
    from nano_banana.providers.local.revise import image_to_image, inpaint
    from nano_banana.providers.local.train import train
    from nano_banana.providers.local.upscale import upscale

    kinds = {
        "train": train,
        "generate": generate,
        "image-to-image": image_to_image,
        "inpaint": inpaint,
        "edit": edit,
        "upscale": upscale,
        "restore": restore,
    }
    return kinds[job.does](job)
