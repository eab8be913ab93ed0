"""The arguments that say which data set is meant, shared by commands that read one."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Data = Annotated[Path, Parameter(help="Image folder, table, COCO, Pascal VOC or YOLO data set, or images with masks.")]
Classes = Annotated[
    str, Parameter(help="Of masks: names with commas between them, or a text, CSV or TOML file of classes.")
]
Ignore = Annotated[
    tuple[int, ...], Parameter(negative="", consume_multiple=True, help="Codes in masks that count nowhere.")
]
