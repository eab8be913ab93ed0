"""The flags that say how images are looked at, shared by commands that predict."""

from typing import Annotated

from cyclopts import Parameter

Tile = Annotated[
    int | None,
    Parameter(help="Cut large images into tiles of this side in pixels (models that say where things are)."),
]
Overlap = Annotated[float, Parameter(help="Part of a tile's side that neighbours share.")]
Flip = Annotated[bool, Parameter(negative="", help="Look at each image mirrored as well; twice the time.")]
Scales = Annotated[
    tuple[float, ...],
    Parameter(
        negative="",
        consume_multiple=True,
        help="Look at each image in several sizes, such as 0.75 1 1.25, 1 as it is.",
    ),
]
