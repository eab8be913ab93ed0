"""The page of an image's feature maps: one file that loads nothing from the network."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.report.embed import webp_uri
from foveal.report.learnt.environment import environment
from foveal.types.arrays import RGB

SIDE_PX = 224


@dataclass(frozen=True)
class ChannelShown:
    """A channel: its map, what its strongest place sees of the image, its strongest value, its mean size."""

    number: int
    map: RGB
    field: RGB
    peak: float
    activity: float


@dataclass(frozen=True)
class StageShown:
    """A stage: its name, what there is to know of it, the value of the strongest colour, its most active channels."""

    name: str
    about: str
    scale: float
    channels: Sequence[ChannelShown]


def render_activations(image: str, network: str, pixels: RGB, stages: Sequence[StageShown]) -> str:
    """The page as a string.

    Args:
        image: The image's name.
        network: The network's name.
        pixels: The image as the network gets it.
        stages: Input first.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    return (
        environment()
        .get_template("activations.html.j2")
        .render(
            image=image,
            network=network,
            photo=webp_uri(pixels, side=2 * SIDE_PX, quality=82),
            side=len(pixels),
            stages=[
                (
                    stage,
                    [
                        (
                            one,
                            webp_uri(one.map, side=SIDE_PX, quality=80),
                            webp_uri(one.field, side=SIDE_PX, quality=70),
                        )
                        for one in stage.channels
                    ],
                )
                for stage in stages
            ],
        )
    )
