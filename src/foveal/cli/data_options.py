"""The arguments that name a data set, shared by the commands that read one."""

from pathlib import Path
from typing import Annotated, TypedDict

from cyclopts import Parameter

from foveal.data.config import Format

Data = Annotated[
    Path, Parameter(help="Image folder, table, images with masks, or a COCO, Pascal VOC or YOLO data set.")
]
Classes = Annotated[
    str, Parameter(help="Classes of the masks: comma-separated names, or a text, CSV or TOML file that lists them.")
]
Bands = Annotated[
    str, Parameter(help="Bands of TIFF files read as red, green and blue, such as 4,3,2; or one as gray.")
]
Ignore = Annotated[
    tuple[int, ...], Parameter(negative="", consume_multiple=True, help="Pixel values in masks to ignore.")
]
FormatName = Annotated[
    Format, Parameter(name=("--format", "--data.format"), help="Format of the data set; auto detects it.")
]
Images = Annotated[
    str,
    Parameter(
        name=("--images", "--data.images"),
        help="Folder of the images, where the layout does not show it.",
    ),
]
Labels = Annotated[
    str,
    Parameter(
        name=("--labels", "--data.labels"),
        help="File or folder with the annotations or masks, where the layout does not show it.",
    ),
]


class Where(TypedDict):
    """Where the images and annotations are, and in which format, as the user named them."""

    format: Format
    images: str
    labels: str
