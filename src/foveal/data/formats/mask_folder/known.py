"""Public mask data sets that have no class table and are recognised by their contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foveal.data.catalog.pixel_values import Color


@dataclass(frozen=True)
class Known:
    """A public data set.

    Attributes:
        title: Its name.
        names: Class names, in order of pixel value from 0.
        ignored: The ignored pixel value.
        prefixes: Prefixes of image file names; empty: any name.
        colors: Palette colours of the pixel values from 0; empty: no palette.
    """

    title: str
    names: tuple[str, ...]
    ignored: int
    prefixes: tuple[str, ...] = ()
    colors: tuple[Color, ...] = ()


def voc_color(value: int) -> Color:
    """Pascal VOC's colour map: the value's bits, three at a time, from the highest bit of each channel down."""
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (value >> (3 * place + channel) & 1) << (7 - place)
    return channels[0], channels[1], channels[2]


CAMVID = Known(
    "CamVid",
    (
        "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
    ),
    ignored=11,
    prefixes=("0001TP_", "0006R0_", "0016E5_", "Seq05VD_"),
)  # fmt: skip
"""The 11 classes that SegNet merged from CamVid's 32 (Badrinarayanan et al. 2017)."""
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
VOC = Known("Pascal VOC", VOC_NAMES, ignored=255, colors=tuple(voc_color(value) for value in range(len(VOC_NAMES))))


def recognise(files: Sequence[str], values: Sequence[int], palette: Mapping[int, Color], *, voc: bool) -> Known | None:
    """The public data set that a data set is, if any.

    Args:
        files: File names of the images, without folders.
        values: Pixel values that occur in the masks.
        palette: Their colours, if any.
        voc: Whether it has Pascal VOC's layout.
    """
    for known in (CAMVID, VOC):
        if not set(values) <= {*range(len(known.names)), known.ignored}:
            continue
        if known.prefixes and all(file.startswith(known.prefixes) for file in files):
            return known
        shown = [value for value in values if value != known.ignored]
        if known.colors and voc and palette and all(palette.get(value) == known.colors[value] for value in shown):
            return known
    return None
