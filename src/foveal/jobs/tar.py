"""The images of a tar shard (WebDataset's layout), found by reading its headers alone; nothing is unpacked."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.jobs.items import Item

SUFFIX = ".tar"
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lz4")
MAGICS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
"""First bytes of compressed files."""
UNPACK = {"gzip": "gunzip", "bzip2": "bunzip2", "xz": "unxz", "zstd": "unzstd", "lz4": "unlz4"}


def is_shard(name: str) -> bool:
    """Whether a file is a tar shard, by its suffix."""
    return name.lower().endswith(SUFFIX)


def is_compressed(name: str) -> bool:
    """Whether a file is a compressed tar, by its suffix."""
    return name.lower().endswith(COMPRESSED)


def check_plain(shard: str) -> None:
    """Refuse a compressed tar: its members have no place of their own that could be read.

    Raises:
        DataError: It is one, whatever its suffix.
    """
    with Path(shard).open("rb") as file:
        head = file.read(8)
    kind = next((kind for magic, kind in MAGICS.items() if head.startswith(magic)), None)
    if kind is not None:
        raise DataError(
            f"{shard}: is a tar compressed by {kind}, whose members cannot be read in place.",
            f"Decompress it once: {UNPACK[kind]} FILE. Images are compressed already, so it hardly grows.",
        )


def _after_the_last(shard: str, end: int) -> str:
    """What is wrong with the end of a tar, which zeros mark and nothing follows; empty: nothing."""
    with Path(shard).open("rb") as file:
        file.seek(end)
        if not (block := file.read(tarfile.BLOCKSIZE)):
            return "no end mark"
        if any(block):
            return "damaged header"
        while block := file.read(1 << 16):
            if any(block):
                return "more follows its end mark"
    return ""


def members(shard: str, *, left: Callable[[str, str], None]) -> Iterator[Item]:
    """The images of a shard, in its order; where it ends too early, an item says so.

    Args:
        shard: The file.
        left: Called with a kind and the name of each member that is no image.

    Raises:
        DataError: It is compressed, or no tar.
        OSError: It cannot be opened.
    """
    check_plain(shard)
    changed_ns = os.stat(shard).st_mtime_ns  # noqa: PTH116
    last = ""
    try:
        with tarfile.open(shard, "r:") as tar:
            while (member := tar.next()) is not None:
                vars(tar)["members"].clear()  # it would keep all of them
                last = member.name
                if member.isdir():
                    continue
                name = PurePosixPath(member.name)
                if member.issym() or member.islnk():
                    left("link in shards", f"{shard}: {member.name}")
                elif name.name.startswith(".") or not member.isreg() or name.suffix.lower() not in IMAGE_SUFFIXES:
                    left(f"{name.suffix.lower() or 'member without suffix'} in shards", f"{shard}: {member.name}")
                elif member.issparse():
                    yield Item(member.name, shard, bad="is stored as a sparse file, which cannot be read in place")
                else:
                    yield Item(member.name, shard, member.offset_data, member.size, changed_ns)
            end = tar.offset  # of the header that is none; tarfile does not say whether it is an end
        if last and (fault := _after_the_last(shard, end)):
            yield Item(shard, bad=f"the tar file is truncated or damaged after {last} ({fault})")
    except tarfile.TarError as error:
        if not last:
            raise DataError(f"{shard}: is not a tar file ({error}).", "Make it with: tar -cf FILE FOLDER") from None
        yield Item(shard, bad=f"the tar file is truncated or damaged after {last} ({error})")
