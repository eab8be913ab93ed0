"""The flags of tiles and test-time augmentation, shared by commands that predict."""

from typing import Annotated

from cyclopts import Parameter

Tile = Annotated[
    int | None,
    Parameter(help="Cut large images into tiles of this side in pixels (detection and segmentation models)."),
]
Overlap = Annotated[float, Parameter(help="Fraction of a tile's side that neighbours share.")]
Flip = Annotated[
    bool, Parameter(negative="", help="Test-time augmentation: a mirrored view of each image; twice the time.")
]
Scales = Annotated[
    tuple[float, ...],
    Parameter(
        negative="",
        consume_multiple=True,
        help="Test-time augmentation: views at several scales, such as 0.75 1 1.25; 1 is the original size.",
    ),
]
