"""Whether an image file is complete, by its header and its last bytes: far cheaper than decoding it."""

import os
from pathlib import Path

from foveal.imaging.decode import decode
from foveal.imaging.header import read_header
from foveal.types.reading import AS_STORED, Reading

TAIL_BYTES = 64
"""Some cameras and programs write a few bytes after the end."""
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
"""Last bytes of a file by format: the end-of-image marker (ITU T.81, table B.1), and the empty IEND chunk."""


def check_image(path: Path, *, reading: Reading = AS_STORED) -> None:
    """Refuse a file that is not an image, too large, or truncated; damage in between is not detected.

    Where the last bytes do not show that the file is complete, or bands were chosen that it may lack, decoding it
    decides.

    Raises:
        ImageError: As ``decode`` does.
    """
    end = ENDS.get(read_header(path).kind)
    if end is None or reading.bands or end not in _tail(path):
        decode(path, reading=reading)


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(TAIL_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
        return file.read()
