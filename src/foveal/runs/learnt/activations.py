"""``foveal explain MODEL --activations IMAGE``: the feature maps of each stage, as an image and a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.explain.case import Case
from foveal.inference.images import ImageLike
from foveal.inference.predictor import Predictor
from foveal.report.learnt.activations_page import ChannelShown, StageShown, render_activations
from foveal.runs.learnt.network import network_of
from foveal.runs.learnt.output import write_png

IN_PAGE, SIDE_PX = 24, 224
"""Channels of a stage on the page, and the side at which they are drawn."""


@dataclass(frozen=True)
class ActivationSheet:
    """What was written and found.

    Attributes:
        sheet: The grid.
        page: The page.
        stages: Plain values of each stage, for JSON.
    """

    sheet: Path
    page: Path
    stages: Sequence[dict[str, object]]

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"sheet": str(self.sheet), "page": str(self.page), "stages": list(self.stages)}


def draw_activations(predictor: Predictor, image: ImageLike, folder: Path, *, name: str) -> ActivationSheet:
    """Write activations.png and activations.html.

    Args:
        predictor: The model.
        image: The image.
        folder: Where they are written.
        name: The image's, for the page.

    Raises:
        ConfigError: An export.
        ImageError: The image cannot be read.
        RunError: They cannot be written.
    """
    network_of(predictor, "--activations")
    from foveal.explain.learnt.activations import stages_of
    from foveal.explain.learnt.map_sheet import (
        channel_image,
        field_image,
        peak_value,
        scale_of,
        seen_of,
        stages_sheet,
    )

    case = Case(predictor, predictor.prepare(image))
    pixels, stages = case.pixels, stages_of(case)
    shown, documents = list[StageShown](), list[dict[str, object]]()
    for stage in stages:
        channels = list(stage.order[:IN_PAGE])
        scale, activity = scale_of(stage, channels), stage.activity
        count, rows, columns = stage.maps.shape
        shown.append(
            StageShown(
                stage.name,
                f"{count} channels of {columns} x {rows} places, one every {stage.step(len(pixels)):.3g} px;"
                f" {seen_of(stage, len(pixels))}.",
                scale,
                [
                    ChannelShown(
                        channel,
                        channel_image(stage, channel, side=SIDE_PX, scale=scale),
                        field_image(pixels, stage, channel, side=SIDE_PX),
                        peak_value(stage, channel),
                        float(activity[channel]),
                    )
                    for channel in channels
                ],
            )
        )
        documents.append(
            {
                "stage": stage.name,
                "channels": count,
                "grid": [columns, rows],
                "step_px": stage.step(len(pixels)),
                "sees_px": list(stage.sees),
                "half_of_influence_px": list(stage.half),
                "most_active": [
                    {
                        "channel": c,
                        "activity": float(f"{activity[c]:.5g}"),
                        "peak": float(f"{peak_value(stage, c):.5g}"),
                    }
                    for c in channels
                ],
            }
        )
    page = render_activations(name, str(predictor.card.model.get("backbone", "")), pixels, shown)
    make_folder(folder)
    sheet = write_png(folder / "activations.png", stages_sheet(pixels, stages))
    write_atomic(folder / "activations.html", page.encode("utf-8", "replace"))
    return ActivationSheet(sheet, folder / "activations.html", documents)
