"""What a YOLO data set says of itself: its images and their splits, its classes, what its lines are."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Lines = Literal["", "boxes", "polygons", "pose", "oriented"]
"""What lines of more than five fields are; empty: the lines must show it."""


@dataclass
class Layout:
    """The layout of a YOLO data set.

    Attributes:
        root: Names are relative to it.
        title: The file that defines it, relative to the root, for messages.
        names: Class ids of the source and their names.
        images: Names of the images, and their split codes.
        listed: File and line that list an image, by name.
        gone: Names of images that are listed and not there.
        folders: Folders of images that are used in full.
        within: Folder of label files that the user named, relative to the root; None: wherever they are.
        lines: What the lines are, where the data set says so.
        source: What says so, such as "kpt_shape in data.yaml".
        key_points: Number of key points, and of numbers for each; (0, 0): not declared.
        about: Further fields of the YAML.
        read: Files that were read, relative to the root.
        notes: Notes.
    """

    root: Path
    title: str
    names: dict[int, str]
    images: list[tuple[str, int]] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    within: str | None = None
    lines: Lines = ""
    source: str = ""
    key_points: tuple[int, int] = (0, 0)
    about: dict[str, Any] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
