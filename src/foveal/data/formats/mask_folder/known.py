"""Public mask data sets that have no class table and are recognised by their contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foveal.data.catalog.pixel_values import Color


@dataclass(frozen=True)
class Known:
    """A public data set.

    Attributes:
        title: Its name.
        names: Class names, in order of pixel value.
        ignored: The ignored pixel values.
        prefixes: Prefixes of image file names; empty: any name.
        ending: Ending of the masks' stems; empty: any name.
        colors: Palette colours of the pixel values from 0; empty: no palette.
        own: The pixel value of each class; empty: from 0.
    """

    title: str
    names: tuple[str, ...]
    ignored: tuple[int, ...]
    prefixes: tuple[str, ...] = ()
    ending: str = ""
    colors: tuple[Color, ...] = ()
    own: tuple[int, ...] = ()

    @property
    def values(self) -> tuple[int, ...]:
        """The pixel value of each class."""
        return self.own or tuple(range(len(self.names)))


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
    ignored=(11,),
    prefixes=("0001TP_", "0006R0_", "0016E5_", "Seq05VD_"),
)  # fmt: skip
"""The 11 classes that SegNet merged from CamVid's 32 (Badrinarayanan et al. 2017)."""
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
VOC = Known("Pascal VOC", VOC_NAMES, ignored=(255,), colors=tuple(voc_color(value) for value in range(len(VOC_NAMES))))
CITYSCAPES_NAMES = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
    "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
CITYSCAPES_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
CITYSCAPES = (
    Known(
        "Cityscapes",
        CITYSCAPES_NAMES,
        ignored=(*(value for value in range(31) if value not in CITYSCAPES_IDS), 255),
        ending="_labelIds",
        own=CITYSCAPES_IDS,
    ),
    Known("Cityscapes", CITYSCAPES_NAMES, ignored=(255,), ending="_labelTrainIds"),
)
"""The 19 classes that are evaluated, by their ids and by their training ids (Cordts et al. 2016, cityscapesScripts)."""


def recognise(
    files: Sequence[tuple[str, str]], values: Sequence[int], palette: Mapping[int, Color], *, voc: bool
) -> Known | None:
    """The public data set that a data set is, if any.

    Args:
        files: File names of each image and its mask, without folders.
        values: Pixel values that occur in the masks.
        palette: Their colours, if any.
        voc: Whether it has Pascal VOC's layout.
    """
    for known in (CAMVID, *CITYSCAPES, VOC):
        if not set(values) <= {*known.values, *known.ignored}:
            continue
        if known.prefixes and all(image.startswith(known.prefixes) for image, _ in files):
            return known
        if known.ending and all(mask.rpartition(".")[0].endswith(known.ending) for _, mask in files):
            return known
        shown = [value for value in values if value not in known.ignored]
        if known.colors and voc and palette and all(palette.get(value) == known.colors[value] for value in shown):
            return known
    return None
