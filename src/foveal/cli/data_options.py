"""The arguments that name a data set, shared by the commands that read one."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

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
