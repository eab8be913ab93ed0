"""The options of tiling and test-time augmentation, shared by the commands that predict."""

from typing import Annotated

from cyclopts import Parameter

Tile = Annotated[
    int | None,
    Parameter(help="Cut large images into square tiles of this side, in pixels (detection and segmentation)."),
]
Overlap = Annotated[float, Parameter(help="Overlap of neighbouring tiles, as a fraction of their side.")]
Flip = Annotated[
    bool, Parameter(negative="", help="Test-time augmentation: predict on the mirrored image too; takes twice as long.")
]
Scales = Annotated[
    tuple[float, ...],
    Parameter(
        negative="",
        consume_multiple=True,
        help="Test-time augmentation: predict at several scales, such as 0.75 1 1.25.",
    ),
]
