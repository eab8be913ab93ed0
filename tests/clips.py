"""Videos made from drawn frames, and what can be wrong with one."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from foveal.types.arrays import RGB

MATRICES = {
    "none": (1, 0, 0, 1),
    "right": (0, 1, -1, 0),
    "around": (-1, 0, 0, -1),
    "left": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
}
"""a, b, c, d of display matrices: x' = a x + c y, y' = b x + d y."""


def frames(count: int, width: int = 64, height: int = 48) -> list[RGB]:
    """A red bar that moves to the right on gray, and a green corner."""
    drawn = []
    for i in range(count):
        frame = np.full((height, width, 3), 60, np.uint8)
        frame[:, (2 * i) % width : (2 * i) % width + 8] = (230, 30, 30)
        frame[:12, :12] = (0, 255, 0)
        drawn.append(frame)
    return drawn


def write_clip(
    path: Path,
    images: Sequence[RGB],
    *,
    rate: int = 25,
    codec: str = "",
    pts_ms: Sequence[int] | None = None,
    sound: bool = False,
    movflags: str = "faststart",
) -> Path:
    """A video; ``.mkv`` is lossless (FFV1), others are as usual: H.264, MPEG-4 in AVI, VP9 in WebM."""
    chosen = codec or {".mkv": "ffv1", ".avi": "mpeg4", ".webm": "libvpx-vp9"}.get(path.suffix, "libx264")
    options = {"movflags": movflags} if movflags and path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(chosen, rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "bgr0" if chosen == "ffv1" else "yuv420p"
        stream.gop_size = 10
        if pts_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        tone = container.add_stream("aac", rate=16_000) if sound else None
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if pts_ms is not None:
                frame.pts, frame.time_base = pts_ms[i], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 16_000
            container.mux(tone.encode(silence))
            container.mux(tone.encode())
    return path


def write_sound(path: Path) -> Path:
    """A file that has sound alone."""
    with av.open(str(path), "w") as container:
        tone = container.add_stream("aac", rate=16_000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16_000
        container.mux(tone.encode(silence))
        container.mux(tone.encode())
    return path


def damage(path: Path, place: int) -> Path:
    """Overwrite the packet of one frame with zeros, all but its length."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    start, size = packets[place]
    assert start is not None
    content[start + 4 : start + size] = bytes(size - 4)
    path.write_bytes(content)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def turn(path: Path, matrix: str) -> Path:
    """Write a display matrix into an MP4 file, as phones do."""
    a, b, c, d = (number << 16 for number in MATRICES[matrix])
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd") + 4
    start = header + 40  # version and flags, times, ids, layer, volume
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def read_back(path: Path) -> tuple[list[RGB], list[float]]:
    """All frames of a video and their times, by PyAV alone."""
    with av.open(str(path)) as container:
        found = list(container.decode(video=0))
        return [frame.to_ndarray(format="rgb24") for frame in found], [round(float(f.time or 0), 4) for f in found]
