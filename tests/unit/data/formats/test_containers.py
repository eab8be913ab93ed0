"""Archives and files that hold whole data sets are named, with what to do."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError

TAKE_OUT = "Write its images as files, in folders of their classes or with a table of paths and labels."
UNPACK = "Unpack it, and name the folder that it makes."


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("set.zip", "an archive", UNPACK),
        ("set.tar.gz", "an archive", UNPACK),
        ("train/cells.tfrecord", "TFRecord", TAKE_OUT),
        ("train.tfrecord-00000-of-00002", "TFRecord", TAKE_OUT),
        ("train-images-idx3-ubyte.gz", "MNIST's IDX format", TAKE_OUT),
        ("cifar-10-batches-py/data_batch_1", "of CIFAR's own format", TAKE_OUT),
        ("pathmnist.npz", "NumPy's format", TAKE_OUT),
        ("a/1.dcm", "DICOM", "Write the images as PNG or TIFF files."),
        ("imagesTr/1.nii.gz", "a medical volume", "Write its slices as PNG or TIFF files."),
    ],
)
def test_what_it_is_and_what_to_do(tmp_path, name, what, hint):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\0\0")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{tmp_path} has no images: {name} is {what}, which Foveal does not read.\n{hint}"
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name} is {what}, which Foveal does not read.\n{hint}"
