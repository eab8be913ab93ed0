"""Files that hold whole data sets, which must be unpacked or taken out first: told by their names."""

import re
from collections.abc import Iterable

UNPACK = "Unpack it, and name the folder that it makes."
TAKE_OUT = "Write its images as files, in folders of their classes or with a table of paths and labels."
KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), what, hint)
    for pattern, what, hint in (
        (r".*(train|t10k|test|emnist).*(idx\d[-.])?ubyte(\.gz)?", "is MNIST's IDX format", TAKE_OUT),
        (r".*\.tfrecords?(\W.*)?|.*\.tfrec", "is TFRecord", TAKE_OUT),
        (r"(data_batch_\d|test_batch|batches\.meta)(\.bin|\.mat)?", "is of CIFAR's own format", TAKE_OUT),
        (r".*\.(nii|nii\.gz|mha|nrrd)", "is a medical volume", "Write its slices as PNG or TIFF files."),
        (r".*\.dcm", "is DICOM", "Write the images as PNG or TIFF files."),
        (r".*\.(zip|tar|tgz|gz|bz2|xz|zst|rar|7z)", "is an archive", UNPACK),
        (r".*\.np[yz]", "is NumPy's format", TAKE_OUT),
        (r".*\.(h5|hdf5)", "is HDF5", TAKE_OUT),
        (r".*\.mat", "is MATLAB's format", TAKE_OUT),
        (r".*\.(pkl|pickle|pt|pth)", "is a pickle of Python", TAKE_OUT),
        (r".*\.mdb", "is LMDB", TAKE_OUT),
        (r".*\.rec", "is MXNet's RecordIO", TAKE_OUT),
    )
)
"""Pattern of a name, what such a file is, and what to do."""


def container(names: Iterable[str]) -> tuple[str, str, str] | None:
    """The first file that holds a data set: its name, what it is, and what to do."""
    files = [*names]
    for pattern, what, hint in KINDS:
        for name in files:
            if pattern.fullmatch(name.rpartition("/")[2]):
                return name, what, hint
    return None
