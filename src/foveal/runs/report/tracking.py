"""What a tracker is given besides the numbers: settings, a batch as training saw it, predictions."""

from collections.abc import Sequence

from foveal.config.schema import RunConfig
from foveal.report.content import CaptionedImage
from foveal.runs.plan import ImagePlan
from foveal.runs.report.batch import first_batch


def open_tracker(plan: ImagePlan, config: RunConfig) -> None:
    """Start the tracker, if there is one, with the settings and the first batch."""
    plan.runtime.open_tracker(config.model_dump(exclude_none=True))
    if plan.runtime.tracks:
        track(plan, "batch", first_batch(plan), step=0)


def track(plan: ImagePlan, name: str, images: Sequence[CaptionedImage], *, step: int) -> None:
    """Give images to the tracker, if there is one; each is called by its file."""
    plan.runtime.track_images(name, [(image.name or image.caption, image.image) for image in images], step)
