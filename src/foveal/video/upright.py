"""Frames of phones, which lie on their side in the file, turned as they are displayed.

A file's display matrix says where a pixel (x, y) goes: x' = a x + c y, y' = b x + d y. ISO/IEC 14496-12, 8.3.2.

Shapes: H W height and width of a frame.
"""

import struct
from dataclasses import dataclass

import numpy as np

from foveal.types.arrays import RGB

ONE = 1 << 16
"""The matrix has fixed-point numbers with 16 bits after the point."""


@dataclass(frozen=True)
class Turn:
    """How a frame is displayed: first transposed or not, then mirrored.

    Attributes:
        transposed: Whether rows become columns.
        mirrored: Whether left and right are swapped afterwards.
        flipped: Whether top and bottom are.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def apply(self, frame: RGB) -> RGB:
        """An (H, W, 3) frame as it is displayed, (H, W, 3) or (W, H, 3)."""
        if self.transposed:
            frame = frame.transpose(1, 0, 2)
        return np.ascontiguousarray(frame[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1])


AS_STORED = Turn()


def turn_of(matrix: bytes | None) -> Turn | None:
    """The turn that nine 32-bit numbers ask for; None: one that is no multiple of 90 degrees."""
    if matrix is None or len(matrix) < 36:
        return AS_STORED
    a, b, _, c, d, *_ = struct.unpack("<9i", matrix[:36])
    near = ONE // 100
    if max(abs(b), abs(c)) < near < min(abs(a), abs(d)):
        return Turn(mirrored=a < 0, flipped=d < 0)
    if max(abs(a), abs(d)) < near < min(abs(b), abs(c)):
        return Turn(transposed=True, mirrored=c < 0, flipped=b < 0)
    return AS_STORED if not any((a, b, c, d)) else None
