"""What a caller asks of a reader."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.catalog.catalog import Annotation
from foveal.data.formats.annotations.repair import Repairs
from foveal.types.categories import Categories


@dataclass(frozen=True)
class Request:
    """Everything but the path.

    Attributes:
        categories: A model's class map to enforce instead of the data set's own; some classes may then be missing.
        repairs: Treatment of invalid annotations of objects; collects the faults of one reading.
        classes: Classes of masks: names, or a file that lists them.
        ignore: Pixel values of masks to ignore.
        annotations: Kinds of annotations wanted, in order of preference; empty: the data set's main ones.
        groups: Rule that names the images' groups.
        images: The folder of images that the user named; None: where the format has them.
        root: Folder that names are relative to, where annotations are named apart from it; None: the format's own.
    """

    categories: Categories | None = None
    repairs: Repairs = field(default_factory=Repairs)
    classes: str = ""
    ignore: Sequence[int] = ()
    annotations: Sequence[Annotation] = ()
    groups: str = ""
    images: Path | None = None
    root: Path | None = None
