"""What is refused before anything is predicted."""

from pathlib import Path

import pytest
from PIL import Image

from foveal.errors import ConfigError
from foveal.inference.outputs import Outputs


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """own/a.jpg, own/a.png, own/b.png and own/a-2.png."""
    (tmp_path / "own").mkdir()
    files = [tmp_path / "own" / name for name in ("a.jpg", "a.png", "b.png", "a-2.png")]
    for file in files:
        Image.new("RGB", (4, 4)).save(file)
    return files


@pytest.mark.parametrize(
    ("option", "place", "at", "kind"),
    [
        ("save", "own", 0, "folder"),
        ("masks", "own", 1, "folder"),
        ("csv", "own/b.png", 2, "file"),
        ("coco", "own/a-2.png", 3, "file"),
        ("save", "link", 0, "folder"),
    ],
)
def test_no_input_image_is_overwritten(
    tmp_path: Path, images: list[Path], option: str, place: str, at: int, kind: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "own")
    with pytest.raises(ConfigError) as caught:
        Outputs(**{option: tmp_path / place}).prepare(images[at:])
    assert str(caught.value) == (
        f"--{option} {tmp_path / place} would overwrite the input image {images[at]}.\n"
        f"Choose another {kind} for --{option}."
    )


def test_numbered_names_spare_images_as_well(tmp_path: Path, images: list[Path]) -> None:
    images[3].rename(tmp_path / "own" / "a-2.jpg")
    inputs = [*images[1:3], tmp_path / "own" / "a-2.jpg", tmp_path / "other" / "a.jpg"]
    inputs[3].parent.mkdir()
    inputs[3].symlink_to(images[1])
    with pytest.raises(ConfigError, match=r"would overwrite the input image .*/own/a-2.jpg"):
        Outputs(save=tmp_path / "own").prepare(inputs)


def test_other_places_are_made_ready(tmp_path: Path, images: list[Path]) -> None:
    new = tmp_path / "new"
    Outputs(csv=new / "c" / "t.csv", coco=new / "r" / "c.json", save=new / "s", masks=new / "m").prepare(images[1:])
    assert sorted(p.name for p in new.iterdir()) == ["c", "r", "s"], "masks: once it is known that there are some"
    with pytest.raises(ConfigError, match=r"--csv .*/own is a folder, not a file"):
        Outputs(csv=tmp_path / "own").prepare(images)


@pytest.mark.parametrize(
    ("names", "image_id"),
    [(("a/1.jpg", "b/1.jpg"), "1"), (("a/0001.jpg", "a/1.png"), "1"), (("a/x.jpg", "b/x.png"), "x")],
)
def test_two_images_of_one_image_id(tmp_path: Path, names: tuple[str, str], image_id: str) -> None:
    files = [Path(name) for name in names]
    with pytest.raises(ConfigError) as caught:
        Outputs(coco=tmp_path / "c.json").prepare(files)
    assert str(caught.value) == (
        f"{names[0]} and {names[1]} would have the same image_id in the COCO results: {image_id}.\n"
        "Predict on them separately, or rename one."
    )
    Outputs(csv=tmp_path / "t.csv").prepare(files)
