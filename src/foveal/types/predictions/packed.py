"""Arrays as text for JSON: exact, and a third of the size of numbers in words.

``{"f4": "..."}`` holds little-endian 32-bit floats in base64; a ``z`` after the type, as in ``{"u4z": "..."}``, says
that they are compressed with zlib.
"""

import base64
import zlib
from collections.abc import Mapping

import numpy as np

from foveal.types.arrays import Array

Packed = dict[str, str]
"""One entry: the type, and the text."""


def pack(array: Array, kind: str = "", *, small: bool = False) -> Packed:
    """An array of any shape as text.

    Args:
        array: Numbers.
        kind: NumPy's name of the type without the byte order, such as ``f4``; empty: the array's own.
        small: Whether it is compressed.
    """
    kind = kind or array.dtype.str[1:]
    content = np.ascontiguousarray(array, f"<{kind}").tobytes()
    text = base64.b64encode(zlib.compress(content, 6) if small else content).decode()
    return {f"{kind}{'z' * small}": text}


def unpack(packed: Mapping[str, str], *shape: int) -> Array:
    """The array; without ``shape`` in one dimension.

    Raises:
        ValueError: Not what ``pack`` made.
    """
    ((kind, text),) = packed.items()
    content = base64.b64decode(text)
    if kind.endswith("z"):
        kind, content = kind[:-1], zlib.decompress(content)
    array = np.frombuffer(content, f"<{kind}")
    return array.reshape(shape) if shape else array
