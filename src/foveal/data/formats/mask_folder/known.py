"""Public mask data sets that bring no table of their own classes and are known by their content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foveal.data.catalog.pixel_values import Color


@dataclass(frozen=True)
class Known:
    """A public data set.

    Attributes:
        title: Its name.
        names: Of the classes, in order of pixel value from 0.
        ignored: The pixel value that is no class.
        prefixes: One of which every image's file name begins with; empty: names say nothing.
        colors: That its palette gives the pixel values from 0; empty: it has none.
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
"""The 11 classes that SegNet took together from CamVid's 32 (Badrinarayanan et al. 2017)."""
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
VOC = Known("Pascal VOC", VOC_NAMES, ignored=255, colors=tuple(voc_color(value) for value in range(len(VOC_NAMES))))


def recognise(files: Sequence[str], values: Sequence[int], palette: Mapping[int, Color], *, voc: bool) -> Known | None:
    """Which of these a data set is.

    Args:
        files: File names of the images, without folders.
        values: Pixel values that occur in the masks.
        palette: Colours of those that have any.
        voc: Whether it is laid out as Pascal VOC is.
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
