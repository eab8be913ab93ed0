"""IDX files, as MNIST and its siblings come in: a short header, then bytes."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNSIGNED_BYTES = 8


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes, gzip-compressed or not.

    The header is two zeros, the type, the number of axes, and each axis's length as four bytes, the highest first
    (LeCun et al., the page of MNIST).

    Raises:
        ValueError: Another kind of file, or one that is cut short.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError):
            raise ValueError(f"{path}: the compressed file is cut short or damaged.") from None
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTES)):
        raise ValueError(f"{path}: not an IDX file of bytes.")
    axes = content[3]
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    values = np.frombuffer(content, np.uint8, offset=min(len(content), 4 + 4 * axes))
    if values.size != int(np.prod(shape)):
        raise ValueError(f"{path}: its header says {' x '.join(map(str, shape))} bytes, but it has {values.size:,}.")
    return values.reshape(shape)
