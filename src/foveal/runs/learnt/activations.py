"""``foveal explain MODEL --activations IMAGE``: the feature maps of each stage, as an image and a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.explain.case import Case
from foveal.inference.images import ImageLike
from foveal.inference.predictor import Predictor
from foveal.report.learnt.activations_page import ChannelShown, StageShown, render_activations
from foveal.runs.learnt.network import network_of
from foveal.runs.learnt.output import PAGES, Sheet, save_page

if TYPE_CHECKING:
    from foveal.explain.learnt.activations import Stage

IN_PAGE, SIDE_PX = 24, 224
"""Channels of a stage on the page, and the side at which they are drawn."""


@dataclass(frozen=True, eq=False)
class ActivationSheet(Sheet):
    """The feature maps of each stage for one image.

    Attributes:
        stages: Input first; each with its maps.
        page: The page that shows more of them, as a string.
        width: Of the network's input, in pixels.
    """

    stages: "Sequence[Stage]"
    page: str
    width: int

    def __repr__(self) -> str:
        """One line: ``ActivationSheet(5 stages, up to 320 channels)``."""
        return f"ActivationSheet({len(self.stages)} stages, up to {max(len(s.maps) for s in self.stages)} channels)"

    def save(self, path: str | Path) -> Path:
        """Save the drawing, or with the suffix .html the page.

        Raises:
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        return save_page(path, self.page) if Path(path).suffix.lower() in PAGES else super().save(path)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"stages": [_document(stage, self.width) for stage in self.stages]}


def draw_activations(predictor: Predictor, image: ImageLike, *, name: str) -> ActivationSheet:
    """Draw the most active feature maps of each stage.

    Args:
        predictor: The model.
        image: The image.
        name: The image's, for the page.

    Raises:
        ConfigError: An export.
        ImageError: The image cannot be read.
    """
    network_of(predictor, "--activations")
    from foveal.explain.learnt.activations import stages_of
    from foveal.explain.learnt.map_sheet import (
        channel_image,
        drawn_size,
        field_image,
        peak_value,
        scale_of,
        seen_of,
        stages_sheet,
    )

    case = Case(predictor, predictor.prepare(image))
    pixels, stages = case.pixels, stages_of(case)
    shown, drawn = list[StageShown](), drawn_size(pixels, SIDE_PX)
    for stage in stages:
        channels = list(stage.order[:IN_PAGE])
        scale, activity = scale_of(stage, channels), stage.activity
        count, rows, columns = stage.maps.shape
        shown.append(
            StageShown(
                stage.name,
                f"{count} channels of {columns} x {rows} places, one every {stage.step(pixels.shape[1]):.3g} px;"
                f" {seen_of(stage, pixels)}.",
                scale,
                [
                    ChannelShown(
                        channel,
                        channel_image(stage, channel, size=drawn, scale=scale),
                        field_image(pixels, stage, channel, size=drawn),
                        peak_value(stage, channel),
                        float(activity[channel]),
                    )
                    for channel in channels
                ],
            )
        )
    page = render_activations(name, str(predictor.card.model.get("backbone", "")), pixels, shown)
    return ActivationSheet(stages, page, pixels.shape[1], pixels=stages_sheet(pixels, stages))


def _document(stage: "Stage", width: int) -> dict[str, object]:
    """Plain values of a stage."""
    from foveal.explain.learnt.map_sheet import peak_value

    (count, rows, columns), activity = stage.maps.shape, stage.activity
    return {
        "stage": stage.name,
        "channels": count,
        "grid": [columns, rows],
        "step_px": stage.step(width),
        "sees_px": list(stage.sees),
        "half_of_influence_px": list(stage.half),
        "most_active": [
            {
                "channel": channel,
                "activity": float(f"{activity[channel]:.5g}"),
                "peak": float(f"{peak_value(stage, channel):.5g}"),
            }
            for channel in stage.order[:IN_PAGE]
        ],
    }
